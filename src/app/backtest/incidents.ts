/** Known incidents: what a file says of them, or a request. */
import { z } from 'zod';
import { createProblems, describe, problemsError, unknownName, type Problem } from '../../config/problem.ts';
import { readTextFile } from '../../config/read-file.ts';
import { parseYaml } from '../../config/yaml-text.ts';
import { checkWith } from '../../config/zod-problems.ts';
import { counted } from '../../core/counted.ts';
import { AppError } from '../../core/errors.ts';
import { parseInstant } from '../../core/instant.ts';
import { instantOf, parseWritten, type ShownTime, type Zone } from '../../core/told-time.ts';
import type { BacktestIncident } from '../../server/api.ts';
import type { EngineSpec } from '../../windows/spec.ts';
import { csvFields } from '../detect/csv-fields.ts';

const FILE_BYTES_MAX = 16_777_216;
const INCIDENTS_MAX = 100_000;
const EXPECTED_TIME = 'expected a time such as "2026-03-02T09:00:00Z", one as tables have it ("2026-03-02 18:00", by time_zone), or a date';

const parsed = (text: string): number | ShownTime | undefined => parseInstant(text) ?? parseWritten(text);
const time = z.string(EXPECTED_TIME).refine((text) => parsed(text) !== undefined, EXPECTED_TIME);
const incidentSchema = z.strictObject({
  start: time,
  end: time,
  labels: z.record(z.string(), z.string('expected a text')).optional(),
  measure: z.string('expected the name of a measure').optional(),
});
const listSchema = z.array(incidentSchema).max(INCIDENTS_MAX);

type Place = (problem: Problem) => { text: string; order: number };

/**
 * A YAML (or JSON) list of `{ start, end, labels, measure }`, or a CSV file with the columns start, end, measure and one for each
 * dimension. Times without a zone are by the clock of `zone`.
 * @throws AppError `config_invalid` with the place in the file
 */
export function readIncidents(path: string, spec: EngineSpec, zone: Zone): BacktestIncident[] {
  const text = readTextFile(path, 'a file of incidents', FILE_BYTES_MAX);
  if (/\.csv$/i.test(path)) return fromCsv(text, path, spec, zone);
  const yaml = parseYaml(text, path);
  return checkIncidents(yaml.value ?? [], spec, zone, (problem) => {
    const { line, column } = yaml.locate(problem.path, problem.atKey === true);
    return { text: `${path}:${line}:${column}`, order: line * 1_000_000 + column };
  });
}

/** `place` says where a problem stands. @throws AppError `config_invalid` */
export function checkIncidents(value: unknown, spec: EngineSpec, zone: Zone, place: Place = placeInList): BacktestIncident[] {
  const checked = checkWith(listSchema, value);
  if (!checked.ok) throw problemsError(checked.problems, place);
  const problems = createProblems();
  const measures = spec.measures.map(({ name }) => name);
  const told = (text: string, which: 'earlier' | 'later'): string =>
    parseInstant(text) === undefined ? new Date(instantOf(parsed(text)!, zone, which)).toISOString() : text;
  const list = checked.value.map((incident) => ({ ...incident, start: told(incident.start, 'earlier'), end: told(incident.end, 'later') }));
  list.forEach(({ start, end, labels, measure }, index) => {
    for (const name of Object.keys(labels ?? {})) {
      if (!spec.dimensions.includes(name)) problems.unknown([index, 'labels', name], name, 'a dimension', spec.dimensions, { atKey: true });
    }
    if (measure !== undefined && !measures.includes(measure)) problems.unknown([index, 'measure'], measure, 'a measure', measures);
    if (Date.parse(end) <= Date.parse(start)) problems.add([index, 'end'], `found ${describe(end)}; expected a time after the start`);
  });
  if (problems.list.length > 0) throw problemsError(problems.list, place);
  return list.map(({ start, end, labels, measure }) => ({
    start,
    end,
    ...(labels && { labels }),
    ...(measure !== undefined && { measure }),
  }));
}

function placeInList({ path }: Problem): { text: string; order: number } {
  return { text: ['incidents', ...path].join('.'), order: Number(path[0] ?? 0) };
}

function fromCsv(text: string, path: string, spec: EngineSpec, zone: Zone): BacktestIncident[] {
  const lines = text.split(/\r?\n/);
  const names = csvFields(lines[0] ?? '').map((name) => name.trim());
  const known = ['start', 'end', 'measure', ...spec.dimensions];
  const faults = names.filter((name) => !known.includes(name)).map((name) => unknownName(name, 'one of the columns', known));
  for (const name of ['start', 'end']) if (!names.includes(name)) faults.push(`found no column ${name}; expected start and end`);
  if (faults.length > 0) throw new AppError('config_invalid', faults.map((fault) => `${path}:1: ${fault}`).join('\n'));
  const numbers: number[] = [];
  const list = lines.flatMap((line, index) => {
    if (index === 0 || line.trim() === '') return [];
    numbers.push(index + 1);
    const fields = csvFields(line);
    if (fields.slice(names.length).some((field) => field !== '')) {
      const found = `${counted(fields.length, 'field')} for ${counted(names.length, 'column')}`;
      throw new AppError('config_invalid', `${path}:${index + 1}: found ${found}; expected quotes around a field with commas in it`);
    }
    const given = names.map((name, at) => [name, (fields[at] ?? '').trim()] as const).filter(([, value]) => value !== '');
    const own = given.filter(([name]) => !spec.dimensions.includes(name));
    const labels = given.filter(([name]) => spec.dimensions.includes(name));
    return [{ ...Object.fromEntries(own), ...(labels.length > 0 && { labels: Object.fromEntries(labels) }) }];
  });
  return checkIncidents(list, spec, zone, ({ path: [at] }) => {
    const line = numbers[Number(at ?? 0)] ?? 1;
    return { text: `${path}:${line}`, order: line };
  });
}
