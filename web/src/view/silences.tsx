import { useState } from 'preact/hooks';
import type { Episode } from '../data/alert-book.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { matchersOf, nextMorning, partsOf, scopesOf, silenceOf, type Scope, type Silence } from '../data/silences.ts';
import { formatNear } from '../format/time.ts';
import { useDashboard } from './context.ts';
import { errorText } from './parts.tsx';

const HOUR_MS = 3_600_000;
/** Characters: one line. */
const WHY_MAX = 200;

interface OfAlert {
  readonly feed: PipelineFeed;
  readonly episode: Episode;
}

/** On a card: receivers are not told of it now, and until when. */
export function SilenceMark({ feed, episode }: OfAlert) {
  const { t } = useDashboard();
  const silence = silenceOf(episode, feed.silences.value);
  const until = useMoment();
  if (!silence || !isTold(episode)) return null;
  return (
    <span class="silence-mark">
      <MutedIcon /> {t('silences.until', { time: until(silence.ends_at) })}
    </span>
  );
}

/** In a card: silences the alert, or ends the silence that holds for it. */
export function SilenceControl({ feed, episode }: OfAlert) {
  const { t, now } = useDashboard();
  const [asking, setAsking] = useState(false);
  const [scope, setScope] = useState<Scope>('alert');
  const [why, setWhy] = useState('');
  const [busy, failed, attempt] = useAttempt();
  const moment = useMoment();
  if (!isTold(episode)) return null;
  const holding = silenceOf(episode, feed.silences.value);
  if (holding) {
    return (
      <div class="silence">
        <Parts parts={partsOf(holding)} />
        {holding.comment !== '' && <p>{holding.comment}</p>}
        <button type="button" class="button" disabled={busy} onClick={() => attempt(() => feed.endSilence(holding.id))}>
          {t('silences.end')}
        </button>
        <Failure error={failed} />
      </div>
    );
  }
  const scopes = scopesOf(episode);
  const wanted = matchersOf(episode, scope);
  const morning = nextMorning(now.value);
  const silence = (end: { readonly for: string } | { readonly ends_at: string }): void =>
    attempt(async () => {
      await feed.silence({ ...wanted, ...end, comment: why.trim() || t('silences.from_page') });
      setAsking(false);
      setWhy('');
    });
  return (
    <div class="silence">
      <button type="button" class="button" aria-expanded={asking} onClick={() => setAsking(!asking)}>
        {t('silences.add')}
      </button>
      {asking && (
        <div class="silence-ask">
          {scopes.length > 1 && (
            <div class="silence-scopes" role="radiogroup" aria-label={t('silences.what')}>
              {scopes.map((each) => (
                <label key={each}>
                  <input type="radio" name={`scope-${episode.alert_id}`} checked={each === scope} onChange={() => setScope(each)} />
                  {t(`silences.of_${each}`)}
                </label>
              ))}
            </div>
          )}
          <p>{t('silences.ask')}</p>
          <Parts parts={partsOf(wanted)} />
          <input
            class="silence-why"
            maxLength={WHY_MAX}
            value={why}
            placeholder={t('silences.why')}
            aria-label={t('silences.why')}
            onInput={(event) => setWhy(event.currentTarget.value)}
          />
          <div class="silence-ends">
            <button type="button" class="button" disabled={busy} onClick={() => silence({ for: '1h' })}>
              {t('silences.hours', { count: 1 })}
            </button>
            <button type="button" class="button" disabled={busy} onClick={() => silence({ for: '4h' })}>
              {t('silences.hours', { count: 4 })}
            </button>
            <button
              type="button"
              class="button"
              disabled={busy}
              title={moment(morning)}
              onClick={() => silence({ ends_at: new Date(morning).toISOString() })}
            >
              {morning - now.value > 12 * HOUR_MS ? t('silences.tomorrow') : t('silences.morning')}
            </button>
          </div>
          <Failure error={failed} />
        </div>
      )}
    </div>
  );
}

/** All that are not over, those that have not begun too. */
export function SilencesPanel({ feed }: { feed: PipelineFeed }) {
  const { t } = useDashboard();
  const current = feed.silences.value;
  if (current.length === 0) return null;
  return (
    <details class="alert-group" open data-testid="silences">
      <summary>
        {t('silences.title')} <small>{current.length}</small>
      </summary>
      <ul class="silences">
        {current.map((silence) => (
          <SilenceRow key={silence.id} feed={feed} silence={silence} />
        ))}
      </ul>
    </details>
  );
}

function SilenceRow({ feed, silence }: { feed: PipelineFeed; silence: Silence }) {
  const { t } = useDashboard();
  const [busy, failed, attempt] = useAttempt();
  const moment = useMoment();
  const { starts_at: from, ends_at, comment, created_by: by } = silence;
  const until = moment(ends_at);
  return (
    <li>
      <Parts parts={partsOf(silence)} />
      {comment !== '' && <p>{comment}</p>}
      <p class="silence-row">
        <span>
          {silence.status === 'active' ? t('silences.until', { time: until }) : t('silences.planned', { from: moment(from), until })}
          {by !== undefined && ` · ${by}`}
        </span>
        <button type="button" class="button" disabled={busy} onClick={() => attempt(() => feed.endSilence(silence.id))}>
          {t('silences.end')}
        </button>
      </p>
      <Failure error={failed} />
    </li>
  );
}

function Parts({ parts }: { parts: readonly string[] }) {
  return (
    <p class="silence-parts">
      {parts.map((part) => (
        <code key={part}>{part}</code>
      ))}
    </p>
  );
}

function Failure({ error }: { error: Error | undefined }) {
  const { t } = useDashboard();
  return error ? (
    <p class="silence-failed" role="alert">
      {errorText(error, t)}
    </p>
  ) : null;
}

/** A bell, struck through. */
export function MutedIcon() {
  return (
    <svg class="icon stroke" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M3.500 11.500c1-1 1-2 1-4a3.500 3.500 0 0 1 7 0c0 2 0 3 1 4zM6.800 13.800h2.400M2 2l12 12" />
    </svg>
  );
}

/** An end, and an alert that another one speaks for, are not held back: there is nothing to silence. */
function isTold({ status, part_of }: Episode): boolean {
  return status === 'firing' && part_of === undefined;
}

/** A time to the minute, with its day where that is not today. */
function useMoment(): (time: string | number) => string {
  const { language, now } = useDashboard();
  return (time) => formatNear(new Date(time).getTime(), now.value, language.value, { seconds: false });
}

/** One thing at a time; what went wrong is told until the next attempt. */
function useAttempt(): [busy: boolean, failed: Error | undefined, attempt: (work: () => Promise<void>) => void] {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Error | undefined>(undefined);
  const attempt = (work: () => Promise<void>): void => {
    setBusy(true);
    setFailed(undefined);
    work()
      .catch((error: Error) => setFailed(error))
      .finally(() => setBusy(false));
  };
  return [busy, failed, attempt];
}
