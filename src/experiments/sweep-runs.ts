/** The runs of a sweep one by one, for programs: a line of CSV each. */
import { csvText } from './csv.js'
import type { SweepPoint } from './sweep-rows.js'

/** A run as the tables name it. */
export interface SweepRunLine extends SweepPoint {
  /** Of its job, SHA-256: the name of its result in the store. */
  readonly id: string
  readonly status: NonNullable<SweepPoint['status']>
  /** How long the worker that made the result took for it, from its start or its checkpoint on. */
  readonly seconds?: number
  /** Who made the result, or had the run when it failed; absent where it is not known. */
  readonly worker?: string | undefined
  /** Files of the result by name, each by its SHA-256. */
  readonly files?: Readonly<Record<string, string>>
  readonly failure?: { readonly message: string }
}

/** Of a result's files, those that are a ticket or a model. */
const MODELS = ['ticket', 'model']

/**
 * A line a run, in the order of the sweep: `id`, `status`, every option that varies, every number, `seconds`, `worker`, `ticket_sha256` or
 * `model_sha256` where there is such a file, `failure`.
 */
export function runsCsv(runs: readonly SweepRunLine[]): string {
  const namesOf = (of: (run: SweepRunLine) => object | undefined) => [
    ...new Set(runs.flatMap((run) => Object.keys(of(run) ?? {}))),
  ]
  const options = namesOf(({ varied }) => varied)
  const numbers = namesOf((run) => run.numbers)
  const models = MODELS.filter((name) => runs.some(({ files }) => files?.[name] !== undefined))
  const head = [
    ...['id', 'status'],
    ...options,
    ...numbers,
    ...['seconds', 'worker'],
    ...models.map((name) => `${name}_sha256`),
    'failure',
  ]
  const lines = runs.map(({ id, status, varied, numbers: found, seconds, worker, files, failure }) => [
    ...[id, status],
    ...options.map((name) => varied[name]),
    ...numbers.map((name) => found?.[name]),
    ...[seconds, worker],
    ...models.map((name) => files?.[name]),
    failure?.message,
  ])
  return csvText([head, ...lines])
}
