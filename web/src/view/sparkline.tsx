import { sparkShape, type SparkPoint } from './sparkline-shape.ts';

interface Props {
  readonly points: readonly SparkPoint[];
  readonly mean: number | null;
  readonly slots: number;
  readonly height: number;
}

const WIDTH = 200;

/** Decoration for the eye: the numbers beside it say the same in words. */
export function Sparkline({ points, mean, slots, height }: Props) {
  const shape = sparkShape(points, { width: WIDTH, height, slots, mean });
  return (
    <span class="spark" aria-hidden="true">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} preserveAspectRatio="none" height={height}>
        {shape.meanY !== null && <line class="spark-mean" x1="0" x2={WIDTH} y1={shape.meanY} y2={shape.meanY} />}
        {shape.area !== '' && <path class="spark-area" d={shape.area} />}
        {shape.final !== '' && <path class="spark-final" d={shape.final} />}
        {shape.lone !== '' && <path class="spark-lone" d={shape.lone} />}
        {shape.open !== '' && <path class="spark-open" d={shape.open} />}
      </svg>
      {shape.last && (
        <i
          class={shape.last.final ? 'spark-dot' : 'spark-dot is-open'}
          style={{ left: `${(shape.last.x / WIDTH) * 100}%`, top: `${shape.last.y}px` }}
        />
      )}
    </span>
  );
}
