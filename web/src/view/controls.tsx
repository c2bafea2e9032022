import { useEffect, useRef } from 'preact/hooks';
import type { PipelineInfo } from '../../../src/server/api.ts';
import { SORTS } from '../data/segments.ts';
import { useDashboard } from './context.ts';
import { Segmented, Select } from './parts.tsx';

export function Controls({ info, window }: { info: PipelineInfo; window: string }) {
  const { t, route, go } = useDashboard();
  const filter = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      filter.current?.focus();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <div class="controls">
      <WindowChoice info={info} window={window} />
      <Select
        label={t('overview.sort')}
        value={route.value.sort ?? 'alert'}
        options={SORTS.map((value) => ({ value, text: t(`sort.${value}`) }))}
        onChange={(sort) => go({ sort }, { replace: true })}
      />
      <label class="filter">
        <span class="unseen">{t('overview.filter')}</span>
        <input
          ref={filter}
          type="search"
          placeholder={t('overview.filter')}
          value={route.value.filter ?? ''}
          onInput={(event) => go({ filter: event.currentTarget.value }, { replace: true })}
          onKeyDown={(event) => event.key === 'Escape' && go({ filter: undefined }, { replace: true })}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
    </div>
  );
}

export function WindowChoice({ info, window }: { info: PipelineInfo; window: string }) {
  const { t, go } = useDashboard();
  if (info.windows.length < 2) return null;
  return (
    <Segmented
      label={t('overview.window')}
      value={window}
      options={info.windows.map(({ name }) => ({ value: name, text: name }))}
      onChange={(name) => go({ window: name }, { replace: true })}
    />
  );
}
