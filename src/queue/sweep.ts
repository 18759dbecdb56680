/** A sweep: one command run for every combination of some options' values. */

/** Commands that a sweep can run. */
export const sweepCommands = ['search', 'train', 'prune', 'eval'] as const
export type SweepCommand = (typeof sweepCommands)[number]

/** Options by their names on the command line, without dashes; values as text, `''` for one that takes none, {@link OFF} for such a one that is not given. */
export type OptionTexts = Readonly<Record<string, string>>

/** The value of an option that takes none, where it is not given. */
export const OFF = 'false'

/** What `sweep.json` says. */
export interface SweepPlan {
  readonly command: SweepCommand
  /** Options that all runs share. */
  readonly options: OptionTexts
  /** Values of options: every combination is run. */
  readonly grid: Readonly<Record<string, readonly string[]>>
  /** Runs: options by which they differ from the shared ones. With a grid, each of them is run for every combination of it. */
  readonly runs: readonly OptionTexts[]
}

/** One run of a sweep. */
export interface SweepRun {
  /** All its options. */
  readonly options: OptionTexts
  /** Those by which runs differ, in the order of {@link variedOptions}; absent ones are left at their default. */
  readonly varied: OptionTexts
}

/** Most runs of a sweep: more is a mistake in a grid. */
export const MOST_RUNS = 100_000

/**
 * Reads a plan, as JSON gives it.
 * @throws RangeError or TypeError that names what is wrong
 */
export function readPlan(value: unknown): SweepPlan {
  const { command, options = {}, grid = {}, runs = [], ...rest } = expectObject('sweep', value)
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined)
    throw new RangeError(`"${unknown}" is no part of a sweep: command, options, grid, runs are`)
  if (!sweepCommands.includes(command as SweepCommand)) {
    throw new RangeError(`"command" expected ${sweepCommands.join(', ')}, got ${JSON.stringify(command) ?? 'nothing'}`)
  }
  if (!Array.isArray(runs)) throw new TypeError(`"runs" expected a list of options, got ${JSON.stringify(runs)}`)
  return {
    command: command as SweepCommand,
    options: textsOf('options', options),
    grid: Object.fromEntries(
      Object.entries(expectObject('grid', grid)).map(([name, values]) => [expectOption(name), valuesOf(name, values)]),
    ),
    runs: runs.map((run, i) => textsOf(`runs[${i}]`, run)),
  }
}

/** A list of values, or a text as `--set` takes it: `0.1,0.3` or `0..4`. */
function valuesOf(name: string, values: unknown): string[] {
  const list = Array.isArray(values)
    ? values.map((each) => textOf(name, each))
    : splitValues(name, textOf(name, values))
  if (list.length === 0) throw new RangeError(`"${name}" expected at least one value, got none`)
  const twice = list.find((each, i) => list.indexOf(each) < i)
  if (twice !== undefined) throw new RangeError(`"${name}" has the value ${twice} twice`)
  return list
}

/** `0.1,0.3,1` or `0..4`, which is 0,1,2,3,4; both may stand beside each other. */
function splitValues(name: string, text: string): string[] {
  return text.split(',').flatMap((part) => {
    const range = /^(\d{1,9})\.\.(\d{1,9})$/.exec(part)
    if (range === null && /^[\d.e+-]+\.\.[\d.e+-]+$/i.test(part))
      throw new RangeError(
        `"${name}" expected a range of integers >= 0, such as 0..4, got ${part}: other values are given one by one`,
      )
    if (range === null) {
      if (part === '')
        throw new RangeError(`"${name}" expected values with commas between them, got ${text || 'nothing'}`)
      return [part]
    }
    const [from, to] = [Number(range[1]), Number(range[2])]
    if (to < from) throw new RangeError(`"${name}" expected a range that grows, got ${part}`)
    if (to - from >= MOST_RUNS) throw new RangeError(`"${name}" expected at most ${MOST_RUNS} values, got ${part}`)
    return Array.from({ length: to - from + 1 }, (_, i) => String(from + i))
  })
}

/** `--set name=values` as an entry of a grid. @throws RangeError for another form */
export function readSetting(text: string): [string, readonly string[]] {
  const at = text.indexOf('=')
  const name = text.slice(0, at).replace(/^--/, '')
  if (at < 1 || name === '')
    throw new RangeError(`"set" expected option=values, such as keep=0.1,0.3 or seed=0..4, got ${text}`)
  return [expectOption(name), valuesOf(name, text.slice(at + 1))]
}

function textsOf(name: string, value: unknown): OptionTexts {
  return Object.fromEntries(
    Object.entries(expectObject(name, value)).map(([key, each]) => [expectOption(key), textOf(key, each)]),
  )
}

/** @throws RangeError for what cannot be the name of an option */
function expectOption(name: string): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name) || name === 'help')
    throw new RangeError(
      `"${name}" is no option: names are lower-case letters, digits and dashes, without dashes before them`,
    )
  return name
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new RangeError(
      `"${name}" expected integers beyond 2^53 as texts, for numbers lose their last digits: got ${value}`,
    )
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (value === true) return ''
  if (value === false) return OFF
  throw new TypeError(`"${name}" expected a text, a number, true or false, got ${JSON.stringify(value) ?? 'nothing'}`)
}

function expectObject(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`"${name}" expected an object, got ${JSON.stringify(value) ?? 'nothing'}`)
  return value as Record<string, unknown>
}

/** Options by which the runs of a plan differ, in the order in which it names them. */
export const variedOptions = ({ grid, runs }: SweepPlan): string[] => [
  ...new Set([...runs.flatMap((run) => Object.keys(run)), ...Object.keys(grid)]),
]

/** Options whose value is what all runs are about, the most telling first. */
const SUBJECTS = ['data', 'task', 'folder', 'ticket']

/** The text, task, model or ticket that all runs of a plan share, by its own name without a path; undefined where they share none. */
export function subjectOf(plan: SweepPlan): string | undefined {
  const varied = variedOptions(plan)
  const shared = SUBJECTS.filter((name) => !varied.includes(name)).map((name) => plan.options[name])
  const subject = shared.find((value) => value !== undefined && value !== '')
  return subject?.replace(/[/\\]+$/, '').replace(/^.*[/\\]/, '')
}

/**
 * Every run of a plan: each of its list with each combination of its grid, the last option changing first, so that seeds, named last, come together.
 * @throws RangeError for none, for more than {@link MOST_RUNS}, or an option that is in the list and in the grid
 */
export function runsOf(plan: SweepPlan): SweepRun[] {
  const names = variedOptions(plan)
  const axes = Object.entries(plan.grid)
  if (axes.length === 0 && plan.runs.length === 0) throw new RangeError('"sweep" expected a grid or runs, got neither')
  const given: readonly OptionTexts[] = plan.runs.length === 0 ? [{}] : plan.runs
  const twice = axes.find(([name]) => given.some((run) => run[name] !== undefined))
  if (twice !== undefined)
    throw new RangeError(`"${twice[0]}" expected to be in the grid or in the list of runs, it is in both`)
  const count = axes.reduce((product, [, values]) => product * values.length, given.length)
  if (count > MOST_RUNS) throw new RangeError(`"sweep" expected at most ${MOST_RUNS} runs, got ${count}`)
  let points = given
  for (const [name, values] of axes)
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })))
  return points.map((given) => {
    const options = { ...plan.options, ...given }
    const varied = names.filter((name) => options[name] !== undefined).map((name) => [name, shown(options[name])])
    return { options, varied: Object.fromEntries(varied) }
  })
}

const shown = (value: string): string => (value === '' ? 'yes' : value === OFF ? 'no' : value)

/** A run in a few words: `keep 0.3, seed 1`. */
export const labelOf = ({ varied }: SweepRun): string =>
  Object.entries(varied)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
