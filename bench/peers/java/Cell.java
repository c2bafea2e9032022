import java.io.Serializable;

/** What one window holds of one segment. */
public final class Cell implements Serializable {
  public long impressions;
  public long clicks;
  public double revenue;

  public Cell() {}

  public Cell add(AdEvent event) {
    if (event.type == AdEvent.IMPRESSION) impressions++;
    else if (event.type == AdEvent.CLICK) clicks++;
    revenue += event.revenue;
    return this;
  }

  public Cell add(Cell other) {
    impressions += other.impressions;
    clicks += other.clicks;
    revenue += other.revenue;
    return this;
  }

  /** Window start (epoch ms), country, format, impressions, clicks, revenue; tabs in between. */
  public String line(long start, String segment) {
    return start + "\t" + segment.replace('|', '\t') + "\t" + impressions + "\t" + clicks + "\t" + revenue;
  }
}
