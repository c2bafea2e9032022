import { useState } from 'preact/hooks';
import type { DeadLetterList } from '../../../src/server/api.ts';
import type { PipelineFeed } from '../data/pipeline-feed.ts';
import { textsOf } from '../i18n/texts.ts';
import { formatCount } from '../format/number.ts';
import { formatMoment } from '../format/time.ts';
import { useDashboard } from './context.ts';
import { letterBytes, letterText } from './letter-text.ts';
import { Empty, Failed, Loading, Panel } from './parts.tsx';
import { usePolled } from './polled.ts';
import { reasonText } from './reason-text.ts';

const LETTERS = 50;

export function DeadLettersPage({ feed }: { feed: PipelineFeed }) {
  const { api, t, language } = useDashboard();
  const texts = textsOf[language.value];
  const [reason, setReason] = useState<string | undefined>(undefined);
  const name = feed.info.name;
  const [answer, again] = usePolled(
    (signal) => api.deadLetters(name, { limit: LETTERS, ...(reason !== undefined && { reason }) }, signal),
    `${name}/${reason ?? ''}`,
    3_000,
  );
  if (answer.state === 'failed') return <Failed error={answer.error} retry={again} />;
  if (answer.state === 'loading') return <Loading />;
  const { by_reason: byReason, dead_letters: letters } = answer.value;
  const reasons = Object.entries(byReason).sort(([, a], [, b]) => b - a);
  const all = reasons.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) return <Empty title={t('letters.none')} hint={t('letters.none_hint')} />;
  const most = reasons[0]?.[1] ?? 1;
  return (
    <div class="letters-page">
      <Panel title={t('letters.title')} aside={<small>{t('letters.kept', { count: formatCount(all, language.value) })}</small>}>
        <ul class="bars">
          <li>
            <button type="button" class="bar" aria-pressed={reason === undefined} onClick={() => setReason(undefined)}>
              <span class="bar-name">{t('letters.all')}</span>
              <span class="bar-count">{formatCount(all, language.value)}</span>
            </button>
          </li>
          {reasons.map(([each, count]) => (
            <li key={each}>
              <button
                type="button"
                class="bar"
                aria-pressed={reason === each}
                onClick={() => setReason(reason === each ? undefined : each)}
              >
                <i aria-hidden="true" style={{ width: `${Math.max(0.5, (count / most) * 100)}%` }} />
                <span class="bar-name">
                  {each}
                  <small>{reasonText(each, texts)}</small>
                </span>
                <span class="bar-count">{formatCount(count, language.value)}</span>
              </button>
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title={t('letters.samples')} aside={<small>{reason ?? t('letters.all')}</small>}>
        <ol class="letters">
          {letters.map((letter) => (
            <Letter key={letter.origin} letter={letter} />
          ))}
        </ol>
      </Panel>
    </div>
  );
}

function Letter({ letter }: { letter: DeadLetterList['dead_letters'][number] }) {
  const { t, language } = useDashboard();
  const text = letterText(letter);
  return (
    <li class="letter">
      <header>
        <span class={`tag outcome-tag-${letter.outcome}`}>{t(`outcome.${letter.outcome}`)}</span>
        {letter.reason !== letter.outcome && <strong>{letter.reason}</strong>}
        <span class="letter-why">{reasonText(letter.reason, textsOf[language.value])}</span>
        {letter.replay !== null && <span class="tag">{t('letters.replayed', { outcome: t(`outcome.${letter.replay}`) })}</span>}
        <span class="letter-origin">
          <span title={t('letters.origin')}>{letter.origin}</span>
          {letter.append_time !== undefined && (
            <time dateTime={letter.append_time}>{formatMoment(letter.append_time, language.value)}</time>
          )}
        </span>
      </header>
      {letter.detail !== undefined && <p class="letter-detail">{letter.detail}</p>}
      <pre>{text ?? t('letters.binary', { count: formatCount(letterBytes(letter), language.value) })}</pre>
    </li>
  );
}
