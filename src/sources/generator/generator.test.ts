import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fc } from '../../../test/support/fast-check.ts';
import type { z } from 'zod';
import { generatorConfig } from './config.ts';
import { createAdGenerator, type GeneratedRecords } from './generator.ts';
import { AD_FORMATS, COUNTRIES, DEVICES } from './market.ts';
import { openGenerator } from './source.ts';
import type { SourceChunk } from '../source.ts';

const T = Date.UTC(2026, 2, 2, 12);
const MINUTE = 60_000;
const DAY = 86_400_000;
type Settings = z.input<typeof generatorConfig>;
const generate = (settings: Settings, from: number, to: number, originMs = T) =>
  createAdGenerator(generatorConfig.parse(settings), { originMs }).events(from, to);

interface AdEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly event_time: string;
  readonly country: string;
  readonly ad_format: string;
  readonly device: string;
  readonly bid_price: number;
  readonly revenue: number;
  readonly user_id: string;
  readonly campaign_id: string;
}
function texts({ bytes, ends }: GeneratedRecords): string[] {
  return Array.from(ends, (end, i) => Buffer.from(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)).toString());
}
const parsed = (records: GeneratedRecords) => texts(records).map((text) => JSON.parse(text) as AdEvent);

describe('the generator', () => {
  test('ranges that adjoin give what the whole range gives, in any order of asking', () => {
    const settings = { rate: 40, duplicates: 0.1, late: 0.05, broken: 0.05 };
    const whole = texts(generate(settings, T + 300, T + 5_900));
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 301, max: 5_899 }), { maxLength: 5 }), (cuts) => {
        const bounds = [300, ...cuts.sort((a, b) => a - b), 5_900];
        const generator = createAdGenerator(generatorConfig.parse(settings), { originMs: T });
        const parts = bounds.slice(1).map((to, i) => [bounds[i] as number, to] as const);
        const made = new Map([...parts].reverse().map(([from, to]) => [from, texts(generator.events(T + from, T + to))]));
        const together = parts.flatMap(([from]) => made.get(from) ?? []);
        assert.deepEqual(together, whole);
      }),
      { numRuns: 30 },
    );
    assert.ok(whole.length > 150);
  });

  test('every event has the fields of the ad-event format, and the ids differ', () => {
    const events = parsed(generate({}, T, T + 2 * MINUTE));
    for (const [i, event] of events.entries()) {
      assert.deepEqual(Object.keys(event), [
        'event_id',
        'event_type',
        'event_time',
        'user_id',
        'campaign_id',
        'country',
        'ad_format',
        'device',
        'bid_price',
        'revenue',
      ]);
      assert.match(event.event_id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.ok(['impression', 'click', 'conversion'].includes(event.event_type));
      assert.equal(new Date(event.event_time).toISOString(), event.event_time);
      assert.ok((COUNTRIES as readonly string[]).includes(event.country) && (AD_FORMATS as readonly string[]).includes(event.ad_format));
      assert.ok((DEVICES as readonly string[]).includes(event.device) && event.user_id.length > 0 && event.campaign_id.length > 0);
      assert.ok(event.bid_price > 0 && event.bid_price < 1_000, `event ${i}`);
      assert.ok(Math.abs(event.revenue - (event.event_type === 'impression' ? event.bid_price / 1_000 : 0)) < 1e-12);
    }
    assert.equal(new Set(events.map(({ event_id }) => event_id)).size, events.length);
    assert.equal(new Set(events.map(({ country, ad_format }) => country + ad_format)).size, 21);
  });

  test('seed and time alone decide', () => {
    const one = texts(generate({ seed: 1 }, T, T + MINUTE));
    assert.deepEqual(texts(generate({ seed: 1 }, T, T + MINUTE, T - DAY)), one);
    assert.notDeepEqual(texts(generate({ seed: 2 }, T, T + MINUTE)), one);
    assert.notDeepEqual(texts(generate({ seed: 1 }, T + MINUTE, T + 2 * MINUTE)).slice(0, 5), one.slice(0, 5));
  });

  test('the rate is the mean over a day, and swings by the local hour', () => {
    const generator = createAdGenerator(generatorConfig.parse({ rate: 10, daily_swing: 0.5 }), { originMs: T });
    const perHour: number[] = [];
    const korea: number[] = [];
    // Every tenth second stands for the others.
    for (let second = 0; second < 86_400; second += 10) {
      const events = parsed(generator.events(T + second * 1_000, T + second * 1_000 + 1_000));
      const hour = Math.floor(second / 3_600);
      perHour[hour] = (perHour[hour] ?? 0) + events.length;
      korea[(hour + 12 + 9) % 24] = (korea[(hour + 12 + 9) % 24] ?? 0) + events.filter(({ country }) => country === 'KR').length;
    }
    const mean = perHour.reduce((a, b) => a + b) / 8_640;
    assert.ok(Math.abs(mean / 10 - 1) < 0.02, `${mean} a second`);
    const [evening, morning] = [korea.slice(18, 23).reduce((a, b) => a + b), korea.slice(6, 11).reduce((a, b) => a + b)];
    assert.ok(evening > 2 * morning, `${evening} in the evening, ${morning} in the morning`);
  });

  test('disorder, late events, copies and broken ones come in the shares asked for', () => {
    const lag = (settings: Settings) => parsed(generate(settings, T, T + 3 * MINUTE)).map(({ event_time }) => Date.parse(event_time));
    const plain = lag({ disorder: '0s' });
    assert.deepEqual(
      plain,
      [...plain].sort((a, b) => a - b),
    );
    const disordered = lag({ disorder: '2s' });
    assert.ok(disordered.some((time, i) => i > 0 && time < (disordered[i - 1] as number)));
    assert.ok(disordered.every((time) => time >= T - 2_000 && time < T + 3 * MINUTE));

    const records = texts(generate({ rate: 200, duplicates: 0.1, late: 0.02, broken: 0.05 }, T, T + 3 * MINUTE));
    const share = (count: number) => count / records.length;
    const copies = records.length - new Set(records).size;
    assert.ok(Math.abs(share(copies) - 0.1 / 1.1) < 0.02, `${copies} copies`);
    const good = records.flatMap((text) => {
      try {
        const value = JSON.parse(text) as AdEvent;
        return typeof value.revenue === 'number' && value.country !== 'XX' && value.country && Date.parse(value.event_time) > 0
          ? [value]
          : [];
      } catch {
        return [];
      }
    });
    assert.ok(Math.abs(share(records.length - good.length) - 0.05) < 0.015, `${records.length - good.length} broken`);
    const late = good.filter(({ event_time }) => Date.parse(event_time) < T - 5_000).length;
    assert.ok(share(late) > 0.01 && share(late) < 0.03, `${late} late`);
  });

  test('a break changes its own segment alone, by its factor and in its time', () => {
    const breaks = [
      { after: '2m', for: '8m', labels: { country: 'US', ad_format: 'banner' }, ctr: 0.2 },
      { at: new Date(T + 2 * MINUTE).toISOString(), for: '8m', labels: { country: 'JP' }, impressions: 5, revenue: 0.3 },
    ] as const;
    const run = (settings: Settings) => parsed(generate({ rate: 90, daily_swing: 0, disorder: '0s', ...settings }, T, T + 12 * MINUTE));
    const [plain, broken] = [run({}), run({ breaks: [...breaks] })];
    const others = (events: AdEvent[]) =>
      events.filter(({ country, ad_format }) => country !== 'JP' && !(country === 'US' && ad_format === 'banner'));
    assert.equal(JSON.stringify(others(broken)), JSON.stringify(others(plain)));
    const kpis = (events: AdEvent[], inside: boolean, country: string) => {
      const of = events.filter((event) => {
        const time = Date.parse(event.event_time);
        const within = time >= T + 2 * MINUTE && time < T + 10 * MINUTE;
        return within === inside && event.country === country && (country === 'JP' || event.ad_format === 'banner');
      });
      const impressions = of.filter(({ event_type }) => event_type === 'impression').length;
      return {
        impressions,
        ctr: (impressions - of.length) / -impressions,
        ecpm: of.reduce((sum, { revenue }) => sum + revenue, 0) / impressions,
      };
    };
    const ratio = (country: string, kpi: 'impressions' | 'ctr' | 'ecpm') =>
      kpis(broken, true, country)[kpi] / kpis(plain, true, country)[kpi];
    assert.ok(Math.abs(ratio('US', 'ctr') - 0.2) < 0.08, `${ratio('US', 'ctr')}`);
    assert.equal(ratio('US', 'impressions'), 1);
    assert.ok(Math.abs(ratio('JP', 'impressions') - 5) < 0.2, `${ratio('JP', 'impressions')}`);
    assert.ok(Math.abs(ratio('JP', 'ecpm') - 0.3) < 0.02, `${ratio('JP', 'ecpm')}`);
    for (const country of ['US', 'JP']) assert.deepEqual(kpis(broken, false, country), kpis(plain, false, country));
  });

  test('extremes of the settings', () => {
    assert.equal(generate({ rate: 0 }, T, T + MINUTE).ends.length, 0);
    assert.equal(generate({}, T, T).ends.length, 0);
    assert.ok(generate({ rate: 100_000 }, T, T + 1_000).ends.length > 70_000);
    const silence = generate({ breaks: [{ after: '0s', for: '1m', impressions: 0 }] }, T, T + MINUTE);
    assert.equal(silence.ends.length, 0);
  });

  test('wrong settings say what is expected', () => {
    const message = (settings: object) =>
      generatorConfig
        .safeParse(settings)
        .error?.issues.map((issue) => issue.message)
        .join(', ') ?? '';
    assert.match(message({ history: '1 day' }), /such as "500ms"/);
    assert.match(message({ breaks: [{ for: '1m', ctr: 0.2 }] }), /expected "at" or "after"/);
    assert.match(message({ breaks: [{ for: '1m', after: '1m' }] }), /what breaks/);
    assert.match(message({ breaks: [{ for: '1m', at: 'noon', ctr: 0 }] }), /a time with zone/);
    assert.match(message({ breaks: [{ for: '1m', after: '1m', ctr: 0, labels: { country: 'XX' } }] }), /Invalid/);
    assert.match(message({ speed: 1 }), /speed/);
  });
});

describe('the generator as a source', { timeout: 20_000 }, () => {
  const clockAt = (times: number[]) => ({
    now: () => (times.length > 1 ? (times.shift() as number) : (times[0] as number)),
    elapsed: () => 0,
  });
  const config = generatorConfig.parse({ rate: 20, history: '5m', duplicates: 0.05 });
  async function collect(source: AsyncIterable<SourceChunk>, count = Infinity) {
    const chunks: SourceChunk[] = [];
    for await (const chunk of source) {
      chunks.push(chunk);
      if (chunks.length >= count) break;
    }
    return chunks;
  }

  test('once: the history up to now, from any chunk on the same events again', async () => {
    const all = await collect(openGenerator(config, { clock: clockAt([T]), once: true }));
    const expected = texts(generate({ rate: 20, duplicates: 0.05 }, T - 5 * MINUTE, T));
    assert.deepEqual(all.flatMap(texts), expected);
    assert.ok(all.length > 2);
    for (const [i, { resume }] of all.entries()) {
      const rest = await collect(openGenerator(config, { clock: clockAt([T]), once: true, resume: JSON.parse(JSON.stringify(resume)) }));
      assert.deepEqual(rest.flatMap(texts), all.slice(i + 1).flatMap(texts));
    }
  });

  test('live: what the clock has passed, until the signal', async () => {
    const stop = new AbortController();
    const source = openGenerator(generatorConfig.parse({ rate: 50 }), { clock: clockAt([T, T, T + 400, T + 1_000]), signal: stop.signal });
    const chunks = await collect(source, 2);
    assert.deepEqual(chunks.flatMap(texts), texts(generate({ rate: 50 }, T, T + 1_000)));
    stop.abort();
    assert.equal((await openGenerator(config, { clock: clockAt([T]), signal: stop.signal }).next()).done, true);
  });

  test('the history is thin where it is told to be, but for its last part', async () => {
    const settings = { rate: 200, history: '10m', history_rate: 5, full_rate_for: '1m', daily_swing: 0 } as const;
    const chunks = await collect(openGenerator(generatorConfig.parse(settings), { clock: clockAt([T]), once: true }));
    const times = chunks.flatMap(texts).map((text) => Date.parse((JSON.parse(text) as AdEvent).event_time));
    const thin = times.filter((time) => time < T - MINUTE).length / 540;
    const full = times.filter((time) => time >= T - MINUTE).length / 60;
    assert.ok(Math.abs(thin - 5) < 0.5, `${thin} a second`);
    assert.ok(Math.abs(full - 200) < 10, `${full} a second`);
  });

  test('what a pause left out never comes: it goes on from now, but makes a history to its end', async () => {
    const settings = { rate: 50, history: '5m', after_pause: 'leave_out' } as const;
    const later = T + 2 * MINUTE;
    const first = async (until: number, clock: number[]): Promise<string[]> => {
      const source = openGenerator(generatorConfig.parse(settings), { clock: clockAt(clock), resume: { origin: T, until } });
      return texts((await collect(source, 1))[0]!);
    };
    assert.deepEqual(await first(T, [later, later + 3_000]), texts(generate(settings, later, later + 3_000)));
    const past = await first(T - MINUTE, [later]);
    assert.deepEqual(past, texts(generate(settings, T - MINUTE, T)).slice(0, past.length));
    assert.ok(past.length > 0);
  });

  test('a position of another kind is refused', async () => {
    await assert.rejects(openGenerator(config, { clock: clockAt([T]), resume: { position: 1 } }).next(), { code: 'data_format' });
  });
});
