/** What `slt serve` answers under `/api/`, as the explorer reads it. Plain JSON; this file imports types alone. */
import type { SweepRow } from '../experiments/sweep-rows.js'
import type { RunCounts, RunState as SweepRun } from '../queue/run-state.js'
import type { SweepCommand } from '../queue/sweep.js'
import type { MetricsRow } from '../search/metrics.js'
import type { SearchSettings } from '../search/settings.js'

/** `GET /api/status`: that there is a server, and what it looks at. */
export interface StatusAnswer {
  readonly server: 'slt'
  readonly version: string
  /** Names of the folders, without the path to them. */
  readonly folders: readonly string[]
}

/** What every list says of the scan behind it. */
export interface ScanNote {
  /** A sentence where a limit of the scan was met, and something may be missing from the list. */
  readonly truncated: string | null
}

/**
 * `running`: a living process holds the run's lock. `finished`: it took its last step. `stopped`: neither; `--resume`
 * goes on.
 */
export type RunState = 'running' | 'finished' | 'stopped'

/** A run folder. */
export interface RunAnswer {
  /** 16 hexadecimal digits, the same at every start of the server. */
  readonly id: string
  /** The folder's path within the folder that is served. */
  readonly name: string
  readonly state: RunState
  readonly settings: SearchSettings
  /** Name of the corpus. */
  readonly corpus: string
  readonly device: string
  /** The last whole row of its metrics. */
  readonly last: MetricsRow | null
  /** The last validation loss in nats a token; null when there was none. */
  readonly validLoss: number | null
  /** The part of the last validation's answers that were right, 0 to 1, for tasks that have answers; else null. */
  readonly accuracy: number | null
  /** Milliseconds since 1970. */
  readonly modified: number
  /** The id of its ticket, where that is among the tickets. */
  readonly ticket: string | null
}

/** `GET /api/runs`, the newest first. */
export interface RunsAnswer extends ScanNote {
  readonly runs: readonly RunAnswer[]
  /** Run folders whose run.json cannot be read, and why. */
  readonly unreadable: readonly { readonly name: string; readonly error: string }[]
}

/**
 * `GET /api/runs/<id>/metrics?from=<byte>&key=<key>`: whole rows from a byte on, at most 1 MiB of them. Begin with 0 and go
 * on with `next` and `key`; where the log was started anew or cut, `from` in the answer is 0 and all rows come again.
 */
export interface MetricsAnswer {
  readonly from: number
  readonly next: number
  /** Tells this log from another one of the same run, started anew. */
  readonly key: string
  /** Whether there are more whole rows now. */
  readonly more: boolean
  readonly rows: readonly MetricsRow[]
  /** Lines that are no such rows. */
  readonly skipped: number
}

/** `GET /api/runs/<id>/samples`: the last samples, at most 64 KiB of them, the oldest first. */
export interface SamplesAnswer {
  readonly samples: readonly { readonly step: number; readonly text: string }[]
  /** Whether older ones were left out. */
  readonly truncated: boolean
}

/** A ticket file; its header was read, its hash was not checked. */
export interface TicketAnswer {
  /** Fetch the file from `/api/files/<id>`. */
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly modified: number
  /** Null where the header is no ticket's. */
  readonly kind: 'pruned' | 'pruned-pairs' | 'searched' | null
  /** `4 layers, width 128, 2 heads, context 128`; null where there is no model. */
  readonly model: string | null
  /** Why the header could not be read; null where it could. */
  readonly error: string | null
}

/** `GET /api/tickets`, the newest first. */
export interface TicketsAnswer extends ScanNote {
  readonly tickets: readonly TicketAnswer[]
}

/** A folder that `slt reproduce` wrote; its files are at `/api/reports/<id>/<file>`. */
export interface ReportAnswer {
  readonly id: string
  readonly name: string
  /** Of `report.html` and the `.svg` and `.json` of `figure-4` to `figure-8` and `figure-rotary` those that are there. */
  readonly files: readonly string[]
  readonly modified: number
}

/** `GET /api/reports`, the newest first. */
export interface ReportsAnswer extends ScanNote {
  readonly reports: readonly ReportAnswer[]
}

/** A folder that `slt sweep` writes; its tables are at `/api/sweeps/<id>/<file>`. */
export interface SweepAnswer {
  readonly id: string
  readonly name: string
  readonly command: SweepCommand
  /** The text, task, model or ticket that the runs share, by its own name without the path to it; null where they share none. */
  readonly subject: string | null
  /** Options by which the runs differ, and how many values each has. */
  readonly varied: readonly (readonly [option: string, values: number])[]
  /** Whether workers of a queue have the runs. */
  readonly isQueued: boolean
  /** Where results are: `S3`, or the folder's own name without the path to it. */
  readonly store: string
  /**
   * `finished`: every run is done or failed. `running`: its state was written within the last 30 seconds. `stopped`: neither; nobody
   * follows it, though the workers of a queue may go on.
   */
  readonly state: RunState
  readonly counts: RunCounts
  /** Runs of which two workers found two results. */
  readonly disputed: number
  /** Runs that end a second. */
  readonly rate: number
  readonly secondsLeft: number | null
  /** When it was first started, and when its last run ended, in milliseconds since 1970; null where that is not known, or has not been. */
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** When its state was written, in milliseconds since 1970. */
  readonly modified: number
  /** Of `results.csv`, `results.json`, `results.md`, `runs.csv` and `figure.svg`, which are written at the end, those that are there. */
  readonly files: readonly string[]
}

/** `GET /api/sweeps`, the newest first. */
export interface SweepsAnswer extends ScanNote {
  readonly sweeps: readonly SweepAnswer[]
  /** Folders of sweeps whose files cannot be read, and why. */
  readonly unreadable: readonly { readonly name: string; readonly error: string }[]
}

/** A run of a sweep. */
export interface SweepRunAnswer extends Omit<SweepRun, 'id' | 'files'> {
  /** Its place in the sweep, from 0. */
  readonly place: number
}

/** `GET /api/sweeps/<id>`. */
export interface SweepDetails extends SweepAnswer {
  /** The number that the sweep is about, such as `validLoss`. */
  readonly measure: string
  /** Of the runs that have ended so far. */
  readonly rows: readonly SweepRow[]
  /** At most 500: the failed, the disputed and the running ones first. */
  readonly runs: readonly SweepRunAnswer[]
  /** How many runs are not among them. */
  readonly leftOut: number
}

/** Every refusal under `/api/`. */
export interface ErrorAnswer {
  readonly error: string
}
