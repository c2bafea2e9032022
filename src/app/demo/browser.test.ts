import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserCommand } from './browser.ts';

test('a browser is opened where somebody sits before a screen', () => {
  const command = (platform: NodeJS.Platform, environment: Record<string, string>, isTerminal = true) =>
    browserCommand(platform, { environment, isTerminal });
  assert.equal(command('darwin', {}), 'open');
  assert.equal(command('linux', { DISPLAY: ':0' }), 'xdg-open');
  assert.equal(command('linux', { WAYLAND_DISPLAY: 'wayland-0' }), 'xdg-open');
  assert.equal(command('linux', {}), undefined);
  assert.equal(command('darwin', { CI: 'true' }), undefined);
  assert.equal(command('darwin', { SSH_CONNECTION: '1.2.3.4 5 6.7.8.9 22' }), undefined);
  assert.equal(command('darwin', {}, false), undefined);
  assert.equal(command('win32', { DISPLAY: ':0' }), undefined);
});
