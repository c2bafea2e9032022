import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals';
import type { PipelineInfo } from '../../../src/server/api.ts';
import type { Clock } from '../clock.ts';
import { fill, LANGUAGES, preferredLanguage, textsOf, type Language, type TextKey } from '../i18n/texts.ts';
import { formatRoute, parseRoute, type Route } from '../route.ts';
import type { Api } from './api.ts';
import { createPipelineFeed, type PipelineFeed } from './pipeline-feed.ts';
import type { StreamDeps } from './stream.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The state of the page: what is asked for, in which words, and the feed of the pipeline that is shown. */
export interface Dashboard {
  readonly api: Api;
  readonly route: ReadonlySignal<Route>;
  readonly language: Signal<Language>;
  readonly theme: Signal<Theme>;
  /** Epoch ms, once a second while the page is seen. */
  readonly now: ReadonlySignal<number>;
  readonly pipelines: ReadonlySignal<readonly PipelineInfo[] | undefined>;
  readonly failed: ReadonlySignal<Error | undefined>;
  readonly feed: ReadonlySignal<PipelineFeed | undefined>;
  t(key: TextKey, values?: Readonly<Record<string, string | number>>): string;
  /** The address of this page with some of it changed. */
  link(change: Partial<Route>): string;
  /** `replace`: without a step to go back to, for what one types. */
  go(change: Partial<Route>, how?: { readonly replace: boolean }): void;
  retry(): void;
}

export interface DashboardDeps extends StreamDeps {
  readonly api: Api;
  readonly clock: Clock;
  /** The window, or what stands for it. */
  readonly page: {
    readonly languages: readonly string[];
    readonly hash: () => string;
    readonly go: (hash: string, replace: boolean) => void;
    readonly onHash: (listener: () => void) => void;
    readonly visible: () => boolean;
    /** Remembered between visits; may refuse. */
    readonly remember: (key: string, value: string) => void;
    readonly recall: (key: string) => string | null;
  };
}

export function createDashboard(deps: DashboardDeps): Dashboard {
  const { api, clock, page } = deps;
  const route = signal(parseRoute(page.hash()));
  page.onHash(() => (route.value = parseRoute(page.hash())));

  const language = signal(LANGUAGES.find((each) => each === page.recall('language')) ?? preferredLanguage(page.languages));
  const theme = signal(THEMES.find((each) => each === page.recall('theme')) ?? 'auto');
  let chosen = false;
  effect(() => {
    const [name, look] = [language.value, theme.value];
    // Only what somebody chose is remembered: the browser's own language may change.
    if (chosen) page.remember('language', name);
    if (chosen) page.remember('theme', look);
    chosen = true;
  });

  const now = signal(clock.now());
  const tick = (): void => {
    if (page.visible()) now.value = clock.now();
    clock.after(1_000, tick);
  };
  clock.after(1_000, tick);

  const pipelines = signal<readonly PipelineInfo[] | undefined>(undefined);
  const failed = signal<Error | undefined>(undefined);
  let waited = 1_000;
  /** Those that are as they were stay the same objects: what is shown of them goes on. */
  const take = (found: readonly PipelineInfo[]): void => {
    const known = new Map((pipelines.peek() ?? []).map((each) => [JSON.stringify(each), each]));
    pipelines.value = found.map((each) => known.get(JSON.stringify(each)) ?? each);
  };
  const load = async (): Promise<void> => {
    try {
      take(await api.pipelines(new AbortController().signal));
      failed.value = undefined;
    } catch (error) {
      failed.value = error as Error;
      clock.after(waited, () => void load());
      waited = Math.min(waited * 2, 15_000);
    }
  };
  /** A server that was away may have come back with another pipeline file. Where that fails the next gap asks again. */
  const lookAgain = (): void => {
    api.pipelines(new AbortController().signal).then(take, () => {});
  };
  void load();

  const info = computed(() => pipelines.value?.find(({ name }) => name === route.value.pipeline) ?? pipelines.value?.[0]);
  const feed = signal<PipelineFeed | undefined>(undefined);
  effect(() => {
    const wanted = info.value;
    if (!wanted) return;
    const opened = untracked(() => createPipelineFeed(wanted, language, { ...deps, onGap: lookAgain }));
    feed.value = opened;
    return () => opened.close();
  });

  return {
    api,
    route,
    language,
    theme,
    now,
    pipelines,
    failed,
    feed,
    t: (key, values) => fill(textsOf[language.value][key], values),
    link: (change) => formatRoute({ ...route.value, ...change }),
    go: (change, how) => page.go(formatRoute({ ...route.value, ...change }), how?.replace ?? false),
    retry: () => void load(),
  };
}
