import type { ComponentChildren } from 'preact';
import { ApiError } from '../data/api.ts';
import type { Dashboard } from '../data/dashboard.ts';
import type { Loading as PastState } from '../data/window-feed.ts';
import { formatChange } from '../format/number.ts';
import { useDashboard } from './context.ts';
import { BackIcon } from './icons.tsx';

/** A change with its direction as a glyph: colour says only how large it is. */
export function Change({ change }: { change: number | null }) {
  const { language } = useDashboard();
  if (change === null) return <span class="change is-none">–</span>;
  const glyph = Math.abs(change) < 0.0005 ? '' : change > 0 ? '▲' : '▼';
  const size = Math.abs(change) >= 0.4 ? 'is-large' : Math.abs(change) >= 0.15 ? 'is-some' : 'is-small';
  return (
    <span class={`change ${size}`}>
      <i aria-hidden="true">{glyph}</i>
      {formatChange(change, language.value)}
    </span>
  );
}

export function Loading() {
  const { t } = useDashboard();
  return (
    <p class="state" role="status">
      <span class="pulse" aria-hidden="true" />
      {t('state.loading')}
    </p>
  );
}

/** Beside what is shown already: its past is still on its way, cannot be had right now, or failed to load. `isShort`: hardly anything is shown. */
export function PastNote({ loading, isShort }: { loading: PastState; isShort: boolean }) {
  const { t } = useDashboard();
  if (loading.state === 'ready') return loading.olderMissing ? <p class="note is-short">{t('state.older_missing')}</p> : null;
  if (loading.state === 'failed') return <p class="note is-short">{t('state.past_failed', { error: errorText(loading.error, t) })}</p>;
  // A load after a gap in the stream is nobody's business; one of the first lines is.
  if (!isShort) return null;
  return (
    <p class="note is-loading" role="status">
      <span class="pulse" aria-hidden="true" />
      {t('state.loading_past')}
    </p>
  );
}

/** In the hint what stands in backticks is code. */
export function Empty({ title, hint, children }: { title: string; hint?: string; children?: ComponentChildren }) {
  return (
    <div class="state is-empty">
      <strong>{title}</strong>
      {hint !== undefined && <p>{hint.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</p>}
      {children}
    </div>
  );
}

export function BackLink() {
  const { t, link } = useDashboard();
  return (
    <a class="back" href={link({ page: 'overview', labels: {} })}>
      <BackIcon />
      {t('nav.back')}
    </a>
  );
}

export function Failed({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useDashboard();
  return (
    <div class="state is-failed" role="alert">
      <strong>{t('state.error')}</strong>
      <p>{errorText(error, t)}</p>
      <button type="button" class="button" onClick={retry}>
        {t('state.retry')}
      </button>
    </div>
  );
}

/** What the server said; that it says nothing in our own words, as each browser has others. */
export function errorText(error: Error, t: Dashboard['t']): string {
  if (!(error instanceof ApiError)) return error.message;
  return error.status === 0 ? t('state.away') : `${error.status}: ${error.message}`;
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly onChange: (value: T) => void;
}

/** A few words side by side, one of them chosen; to the keyboard a radio group. */
export function Segmented<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <fieldset class="segmented">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value} class={option.value === value ? 'is-chosen' : ''}>
          <input type="radio" name={label} checked={option.value === value} onChange={() => onChange(option.value)} />
          <span>{option.text}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Select<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <label class="select">
      <span class="select-label">{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Panel({ title, aside, children }: { title: string; aside?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
