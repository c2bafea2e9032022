/**
 * The first minutes of a user in a real Chromium: the page comes up, segments are live, one of them breaks, its alert appears without
 * a reload, its segment shows why; Tocsin dies and comes back, and the page with it. No error in the console.
 */
import assert from 'node:assert/strict';
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { chromium, type Page } from 'playwright-core';
import { systemClock } from '../../src/core/clock.ts';
import { startServer } from '../support/http-server.ts';
import { slackFaults } from '../support/slack-limits.ts';
import { temporary } from '../support/temporary.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CHROMIUM = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (file) => file !== undefined && existsSync(file),
);
const MISSING = 'no Chromium here (apt-get install chromium, or CHROMIUM=/path/to/it)';
const BROKEN = 'US · banner';
/** Long for a machine with two busy cores; each step waits for its event, not for the time. */
const PATIENCE_MS = 60_000;

/** The demo with short windows and an early break: its first alert comes within 20 s. */
const PIPELINE = readFileSync(path.join(ROOT, 'pipelines/demo.yml'), 'utf8')
  .replace('./ad-event.v1.json', path.join(ROOT, 'pipelines/ad-event.v1.json'))
  .replace(/history: \S+/, 'history: 30s')
  // No clicks at all: a moving average never gets used to that.
  .replace(
    'after: 20s, for: 30s, labels: { country: US, ad_format: banner }, ctr: 0.25',
    'after: 8s, for: 120s, labels: { country: US, ad_format: banner }, ctr: 0',
  )
  .replace('windows: [10s, 1m]', 'windows: [2s, 1m]')
  .replace('window: 10s', 'window: 2s');

const skip = CHROMIUM === undefined && process.env['REQUIRE_SERVICES'] !== '1' ? MISSING : false;

test('the page shows a break as it happens', { skip, timeout: 240_000 }, async (t) => {
  assert.ok(CHROMIUM, MISSING);
  execFileSync('sh', [path.join(ROOT, 'scripts/build-web.sh'), '--if-changed'], { stdio: ['ignore', 'inherit', 'inherit'] });
  const dir = temporary(t);
  writeFileSync(path.join(dir, 'demo.yml'), PIPELINE);
  const slack = await startServer(t, (_request, response) => response.end('ok'));
  const first = await startTocsin(t, dir, '127.0.0.1:0', slack.origin);

  const browser = await chromium.launch({ executablePath: CHROMIUM });
  t.after(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', colorScheme: 'light' });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));

  await t.test('all segments and a live connection', async () => {
    await page.goto(first.address);
    await page.locator('[data-testid=segments] [data-segment]').nth(20).waitFor();
    assert.equal(await page.locator('[data-testid=segments] [data-segment]').count(), 21);
    await page.locator('.connection.is-live').waitFor();
    // Set by this test: it is gone when the page was loaded anew.
    await page.evaluate(() => Object.assign(globalThis, { sameLoad: true }));
  });

  await t.test('the outcomes add up to the records read, which grow', async () => {
    const before = await counts(page);
    assert.equal(
      Object.values(before.outcomes).reduce((sum, count) => sum + count, 0),
      before.read,
    );
    await readMoreThan(page, before.read);
  });

  await t.test('the break rings, in the panel and on its card, without a reload', async () => {
    const alert = page.locator('[data-testid=alerts] .alert.is-firing', { hasText: BROKEN }).filter({ hasText: 'CTR' });
    await alert.waitFor();
    await page.locator(`[data-testid=segments] [data-segment="${BROKEN}"][data-firing=true].is-ringing`).waitFor();
    assert.match(await page.title(), /^\(\d+\) /);
    await alert.evaluate((element) => ((element as unknown as { open: boolean }).open = true));
    const words = await alert.locator('.alert-body').innerText();
    for (const word of ['Observed', 'Expected', 'Rings past', 'What it would have taken not to ring', 'Likely causes']) {
      assert.ok(words.includes(word), `${word} in: ${words}`);
    }
    assert.equal(await page.evaluate(() => 'sameLoad' in globalThis), true);
  });

  await t.test('the bell rings in Slack too, within its limits', async () => {
    const told = (): string[] => slack.received.map(({ body }) => body).filter((body) => body.includes('CTR') && body.includes('US'));
    for (const until = systemClock.elapsed() + PATIENCE_MS; told().length === 0 && systemClock.elapsed() < until; await sleep(50));
    assert.ok(told().length > 0, 'no message came');
    for (const { body } of slack.received) assert.deepEqual(slackFaults(JSON.parse(body)), []);
  });

  await t.test('its link opens the alert, marked and in sight, in a browser that was not there before', async () => {
    const told = slack.received.find(({ body }) => body.includes('CTR') && body.includes('US'))!;
    const [, hash] = /<https:\/\/tocsin\.example\/ads\/(#\/alert\/[^|>]+)\|/.exec(told.body) ?? [];
    assert.ok(hash, told.body);
    const other = await context.newPage();
    other.setDefaultTimeout(PATIENCE_MS);
    other.on('pageerror', (error) => errors.push(error.message));
    for (const open of [() => other.goto(`${first.address}/${hash}`), () => other.reload()]) {
      await open();
      const linked = other.locator('.segment-page .alert.is-linked[open]');
      await linked.locator('.alert-message').waitFor();
      assert.match(await linked.locator('summary').innerText(), /CTR/);
      const { y } = (await linked.boundingBox())!;
      assert.ok(y >= 0 && y < 900, `at ${y} px`);
    }
    await other.close();
  });

  await t.test('the alert is silenced from its card, which says so, and the silence is ended from the list', async () => {
    const alert = page.locator('[data-testid=alerts] .alert.is-firing', { hasText: BROKEN }).filter({ hasText: 'CTR' });
    await alert.evaluate((element) => ((element as unknown as { open: boolean }).open = true));
    await alert.getByRole('button', { name: 'Silence…' }).click();
    await alert.locator('.silence-parts', { hasText: 'country=US' }).waitFor();
    await alert.getByRole('textbox', { name: 'Why?' }).fill('while we deploy');
    await alert.getByRole('button', { name: '4 h' }).click();
    await alert.locator('.silence-mark', { hasText: 'silenced until' }).waitFor();
    const list = page.locator('[data-testid=silences]');
    assert.match(await list.locator('.silence-parts').innerText(), /country=US\s*ad_format=banner\s*ctr_drop/);
    assert.match(await list.innerText(), /while we deploy/);
    await list.getByRole('button', { name: 'End silence' }).click();
    await list.waitFor({ state: 'detached' });
    await alert.locator('.silence-mark').waitFor({ state: 'detached' });
  });

  await t.test('its segment shows the charts, the windows and the alert', async () => {
    await page.locator(`[data-testid=segments] [data-segment="${BROKEN}"]`).click();
    await page.locator('h1', { hasText: BROKEN }).waitFor();
    await page.locator('.chart canvas').nth(5).waitFor();
    await page.locator('table .tag', { hasText: 'final' }).first().waitFor();
    await page.locator('.segment-page .alert.is-firing').first().waitFor();
    await page.goBack();
    await page.locator('[data-testid=segments]').waitFor();
  });

  await t.test('dead letters by reason, the state of the system', async () => {
    await page.locator('.nav a', { hasText: 'Dead letters' }).click();
    await page.locator('.bar').nth(1).click();
    await page.locator('.letter pre').first().waitFor();
    await page.locator('.nav a', { hasText: 'System' }).click();
    await page.locator('td, th', { hasText: 'demo.windows' }).waitFor();
    await page.locator('.nav a', { hasText: 'Overview' }).click();
  });

  await t.test('Korean, dark, and as narrow as a phone', async () => {
    await page.locator('.settings label', { hasText: '한국어' }).click();
    await page.locator('.nav a', { hasText: '개요' }).waitFor();
    // The pipeline's own language is English: the server says its alerts again.
    await page.locator('[data-testid=alerts] .alert-message', { hasText: '값이' }).first().waitFor({ state: 'attached' });
    await page.locator('.settings label', { hasText: '어둡게' }).click();
    await page.locator('html[lang=ko][data-theme=dark]').waitFor({ state: 'attached' });
    await page.setViewportSize({ width: 360, height: 780 });
    await page.locator('[data-testid=segments] [data-segment]').first().waitFor();
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
  });

  assert.deepEqual(errors, []);

  await t.test('Tocsin is killed and comes back: so does the page, by itself', async () => {
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await page.locator('.connection.is-lost').waitFor();
    const read = (await counts(page)).read;
    await startTocsin(t, dir, new URL(first.address).host, slack.origin);
    await page.locator('.connection.is-live').waitFor();
    await readMoreThan(page, read);
    assert.equal(await page.evaluate(() => 'sameLoad' in globalThis), true);
  });
});

/** Resolves when the page can be asked for. */
async function startTocsin(
  t: TestContext,
  dir: string,
  listen: string,
  slackUrl: string,
): Promise<{ child: ChildProcess; address: string }> {
  const args = ['run', path.join(dir, 'demo.yml'), '--data', path.join(dir, 'data'), '--olap-store', 'none', '--listen', listen];
  const child = spawn(path.join(ROOT, 'bin/tocsin'), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, SLACK_WEBHOOK_URL: slackUrl, TOCSIN_PAGE_URL: 'https://tocsin.example/ads' },
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const said: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      const found = /http:\/\/[\d.:]+/.exec(line);
      if (found) resolve(found[0]);
    });
    child.once('exit', () => reject(new Error(`tocsin ended: ${said.join('\n')}`)));
  });
  return { child, address };
}

interface Counts {
  readonly read: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What runs in the page is written as text: the types here are those of Node. Read in one go, as the page changes every second. */
const READ = `Number(document.querySelector('[data-testid=records-read]')?.textContent.replaceAll(',', '') ?? 0)`;
const OUTCOMES = `Object.fromEntries([...document.querySelectorAll('[data-outcome]')].map((each) =>
  [each.dataset.outcome, Number(each.textContent.replaceAll(',', ''))]))`;

function counts(page: Page): Promise<Counts> {
  return page.evaluate<Counts>(`({ read: ${READ}, outcomes: ${OUTCOMES} })`);
}

/** Asked from here: waiting in the page would need an eval, which its policy forbids. */
async function readMoreThan(page: Page, read: number): Promise<void> {
  const until = systemClock.now() + PATIENCE_MS;
  while ((await counts(page)).read <= read) {
    assert.ok(systemClock.now() < until, `still ${read} records read`);
    await page.waitForTimeout(100);
  }
}
