/** How rows are put: compared and written within Redis, so that no reader sees half of it and no late writer wins. */
import { createHash } from 'node:crypto';
import type { WindowRow } from '../../windows/row.ts';
import type { SeriesKeys, WindowKeys } from './keys.ts';

/**
 * Rows of one window of one pipeline. Versions are UInt64 and Lua's numbers are doubles: they are compared as text, the longer
 * one being the higher. A stored row begins with start and version (`rowText`), so nothing of it need be parsed.
 * What is known of a series is its latest start, in the index: it outlives the row's time to live, so what is older than a row
 * that has gone does not take its place.
 * Answers {1 where Redis was empty, series in the index}.
 */
const PUT = `
local index, newest_key, owner_key, filled_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local pipeline, claims, ttl, window_ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local owner = redis.call('GET', owner_key)
if owner and owner ~= pipeline then return redis.error_reply('TOCSIN_OWNER ' .. owner) end
local empty = 0
if not owner and claims == '1' then
  redis.call('SET', owner_key, pipeline)
  redis.call('DEL', filled_key)
  empty = 1
end

local function beats(version, stored)
  local known = string.match(stored, '^{"window_start":"[^"]*","version":"(%d+)"')
  return not known or #version > #known or (#version == #known and version > known)
end

local newest = tonumber(redis.call('GET', newest_key) or nil)
local newest_text
for i = 5, #ARGV, 5 do
  local start_text, final, keep_text, version, row = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local at = 5 + (i - 5) / 5 * 2
  local latest, history = KEYS[at], KEYS[at + 1]
  local start = tonumber(start_text)

  local known = tonumber(redis.call('ZSCORE', index, latest) or nil)
  if not known or start > known then
    redis.call('SET', latest, row, 'PX', ttl)
    redis.call('ZADD', index, start_text, latest)
  elseif start == known and beats(version, redis.call('GETRANGE', latest, 0, 127)) then
    redis.call('SET', latest, row, 'PX', ttl)
  end

  if final == '1' then
    if not newest or start > newest then newest, newest_text = start, start_text end
    local keep = tonumber(keep_text)
    if keep and start >= newest - keep then
      local held = redis.call('ZRANGEBYSCORE', history, start_text, start_text)[1]
      if not held or beats(version, held) then
        if held then redis.call('ZREM', history, held) end
        redis.call('ZADD', history, start_text, row)
      end
      redis.call('ZREMRANGEBYSCORE', history, '-inf', '(' .. string.format('%.0f', newest - keep))
      redis.call('PEXPIRE', history, window_ttl)
    end
  end
end
if newest_text then redis.call('SET', newest_key, newest_text) end
redis.call('PEXPIRE', newest_key, window_ttl)
redis.call('PEXPIRE', index, window_ttl)
return {empty, redis.call('ZCARD', index)}
`;

/** Series of the index whose latest start is still the one that was seen: row, history and entry go. Answers how many went. */
const FORGET = `
local gone = 0
for i = 1, #ARGV do
  local latest, history = KEYS[i * 2], KEYS[i * 2 + 1]
  local start = redis.call('ZSCORE', KEYS[1], latest)
  if start and tonumber(start) == tonumber(ARGV[i]) then
    redis.call('DEL', latest, history)
    gone = gone + redis.call('ZREM', KEYS[1], latest)
  end
end
return gone
`;

export interface Script {
  readonly text: string;
  readonly sha: string;
}
export interface ScriptCall {
  readonly keys: string[];
  readonly arguments: string[];
}

/** Rows in one call: Redis does nothing else meanwhile. */
export const SCRIPT_ROWS = 64;
export const PUT_SCRIPT = script(PUT);
export const FORGET_SCRIPT = script(FORGET);

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export interface PutRow {
  readonly keys: SeriesKeys;
  /** Epoch ms. */
  readonly start: number;
  /** ms of event time; undefined: only the latest row is kept. */
  readonly keepMs: number | undefined;
  readonly row: WindowRow;
}

export interface PutWindow {
  readonly pipeline: string;
  readonly keys: WindowKeys;
  readonly owner: string;
  readonly filled: string;
  /** Whether this process fills an empty Redis, and so may say that it is no longer empty. */
  readonly claims: boolean;
  /** ms: of a latest row, and of all else. */
  readonly ttlMs: number;
  readonly windowTtlMs: number;
}

export function putCall(window: PutWindow, rows: readonly PutRow[]): ScriptCall {
  const { pipeline, keys, owner, filled, claims, ttlMs, windowTtlMs } = window;
  return {
    keys: [keys.index, keys.newest, owner, filled, ...rows.flatMap((each) => [each.keys.latest, each.keys.history])],
    arguments: [
      pipeline,
      claims ? '1' : '0',
      String(ttlMs),
      String(windowTtlMs),
      ...rows.flatMap(({ start, keepMs, row }) => [
        String(start),
        row.final ? '1' : '0',
        keepMs === undefined ? '' : String(keepMs),
        row.version,
        rowText(row),
      ]),
    ],
  };
}

/** JSON that begins with window start and version: the script finds them there. */
function rowText({ window_start, version, ...rest }: WindowRow): string {
  return JSON.stringify({ window_start, version, ...rest });
}
