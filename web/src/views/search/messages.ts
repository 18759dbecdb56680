/** What the page and the worker of a search say to each other. */
import type { WebDevice } from '../../../../src/engine/web.js'
import type { Arithmetic } from '../../../../src/families/loss-graph.js'
import type { MetricsRow } from '../../../../src/search/metrics.js'
import type { SearchSettings } from '../../../../src/search/settings.js'
import type { SourceText } from './corpus-bytes.js'

/** A search to run. */
export interface RunInput {
  readonly settings: SearchSettings
  readonly text: SourceText
  readonly device: 'auto' | WebDevice
  readonly arithmetic: 'auto' | Arithmetic
  /** Searches that run at the same time, this one included, an integer >= 1. */
  readonly sharers: number
  /** The matrix whose mask is to be shown. */
  readonly matrix: string
  /** Seconds between two texts, > 0; Infinity writes none. */
  readonly sampleSeconds: number
  /** Wait before the first step. */
  readonly held?: boolean | undefined
}

/** What is known before the first step. */
export interface Opening {
  readonly kind: 'opening'
  readonly device: WebDevice
  readonly threads: number
  /** Why this device, so many threads and this arithmetic, in sentences. */
  readonly reason: string
  /** What the linear maps are computed in. */
  readonly arithmetic: Arithmetic
  readonly weights: number
  readonly kept: number
  /** Bytes. */
  readonly train: number
  readonly valid: number
  /** Nats a byte of the bytes' frequencies alone. */
  readonly frequencyLoss: number
  /** Standard deviation of the attention logits under the first masks, as `slt search` says it. */
  readonly attentionDeviation: number
}

/** Steps, in their order, and a mask as it is after the last of them. */
export interface Advance {
  readonly kind: 'advance'
  readonly rows: readonly MetricsRow[]
  readonly picture: MaskPicture
}

/** The mask of a matrix [rows, columns]: what each weight is and was. */
export interface MaskPicture {
  readonly matrix: string
  readonly rows: number
  readonly columns: number
  readonly step: number
  /** Row-major: 1 kept now and at the start, 2 kept now alone, 3 at the start alone, 0 neither. */
  readonly states: Uint8Array
}

/** A text written with the masks of a step. */
export interface Sample {
  readonly kind: 'sample'
  readonly step: number
  readonly text: string
}

/** What the visitor should know of the masks: a line of `watchMasks`. */
export interface Warning {
  readonly kind: 'warning'
  readonly line: string
}

export type RunReport = Opening | Advance | Sample | Warning

/** How a search ended, and after how many steps. */
export interface RunEnd {
  readonly end: 'finished' | 'stopped'
  readonly step: number
}

/** A ticket of the masks as they are. */
export interface TicketFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly sha256: string
  readonly step: number
  /** Nats a byte on the validation text. */
  readonly validLoss: number
}
