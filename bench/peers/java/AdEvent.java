import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.Serializable;

/** The five fields in use of one ad event, read with Jackson's streaming parser: no tree, no binding. */
public final class AdEvent implements Serializable {
  public static final byte IMPRESSION = 0, CLICK = 1, CONVERSION = 2;
  public static final long MINUTE_MS = 60_000;
  private static final JsonFactory JSON = new JsonFactory();

  /** Epoch ms. */
  public long time;
  public byte type;
  /** `country|ad_format`. */
  public String segment;
  public double revenue;

  public AdEvent() {}

  public static AdEvent parse(byte[] bytes) throws IOException {
    AdEvent event = new AdEvent();
    String country = null;
    String format = null;
    try (JsonParser parser = JSON.createParser(bytes)) {
      parser.nextToken();
      for (String field; (field = parser.nextFieldName()) != null; ) {
        JsonToken token = parser.nextToken();
        switch (field) {
          case "event_type" -> event.type = typeOf(parser.getText());
          case "event_time" -> event.time = instant(parser.getTextCharacters(), parser.getTextOffset());
          case "country" -> country = parser.getText();
          case "ad_format" -> format = parser.getText();
          case "revenue" -> event.revenue = parser.getDoubleValue();
          default -> {
            if (token.isStructStart()) parser.skipChildren();
          }
        }
      }
    }
    event.segment = country + '|' + format;
    return event;
  }

  public long windowStart() {
    return time - time % MINUTE_MS;
  }

  private static byte typeOf(String text) {
    return switch (text) {
      case "impression" -> IMPRESSION;
      case "click" -> CLICK;
      default -> CONVERSION;
    };
  }

  /** Epoch ms of `2026-03-02T09:48:17.250Z`, digit by digit. */
  private static long instant(char[] text, int at) {
    int year = digits(text, at, 4);
    int month = digits(text, at + 5, 2);
    int day = digits(text, at + 8, 2);
    // Days from 1970-01-01, years beginning in March.
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int yearOfEra = y - era * 400;
    int dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    long days = era * 146_097L + yearOfEra * 365L + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
    long seconds = digits(text, at + 11, 2) * 3_600L + digits(text, at + 14, 2) * 60L + digits(text, at + 17, 2);
    return days * 86_400_000 + seconds * 1_000 + digits(text, at + 20, 3);
  }

  private static int digits(char[] text, int from, int count) {
    int value = 0;
    for (int i = from; i < from + count; i++) value = value * 10 + text[i] - '0';
    return value;
  }
}
