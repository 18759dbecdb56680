/** Where a run of a sweep stands, as plain values. The explorer imports these types: nothing here needs Node. */

export type RunStatus = 'waiting' | 'running' | 'done' | 'failed'

/** A step, and the value there. */
export type CurvePoint = readonly [step: number, value: number]

/** How far a job is. */
export interface JobProgress {
  readonly done: number
  readonly total: number
  readonly text: string
  /** Of jobs that have a curve: its value at `done`. A search's is the loss of the step in nats a token. */
  readonly value?: number
}

/** One run of a sweep. */
export interface RunState {
  /** Of its job. */
  readonly id: string
  readonly label: string
  readonly varied: Readonly<Record<string, string>>
  status: RunStatus
  /** Who runs it, or ran it last; of a run that is done, who made the result. Absent where it is not known. */
  worker?: string | undefined
  /** Of a run that is done: how long its maker took for it, from its start or its checkpoint on. */
  seconds?: number
  progress?: Omit<JobProgress, 'value'>
  /** Its curve: at most 200 points, the steps rising; each value is a mean over the steps since the point before. */
  points?: readonly CurvePoint[]
  /** What it found. */
  numbers?: Readonly<Record<string, number>>
  /** Files of the result by name: the hash under which the store has each. */
  files?: Readonly<Record<string, string>>
  /** It had been done before this sweep. */
  found?: boolean
  /** Another worker found another result: this is the first. */
  disputed?: boolean
  /** Why it failed, and the last lines of its log. */
  failure?: { readonly message: string; readonly log: string }
}

/** Counts of runs by status. */
export type RunCounts = Readonly<Record<RunStatus, number>>
