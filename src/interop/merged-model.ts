/** A pruned model with each pair of random matrices multiplied out: what a dense model has to compute. */
import type { BaseConfig, ModelWeights } from '../families/index.js'
import type { PairChoice, PairPlan } from '../families/pair-plan.js'
import type { AttentionSpec } from '../families/port.js'

/** The matrix of a pair, float64 [inputs, outputs]; the last input is the constant where the plan has one. */
export type Merged = (plan: PairPlan) => Promise<Float64Array>

/** A pruned model, its matrices multiplied out when asked for. */
export interface MergedModel {
  readonly config: BaseConfig
  /** Which pairs there are. */
  readonly choice: PairChoice
  /** The parameters that are kept as they are: `denseParameters(config, choice.dense)`. */
  readonly dense: ModelWeights
  readonly merged: Merged
}

/** One attention of a pruned model. */
export interface MergedAttention {
  readonly attention: AttentionSpec
  /** Its own pairs. */
  readonly plans: readonly PairPlan[]
  readonly merged: Merged
  /** To be called after each head. */
  onHead(): Promise<void>
}

/** A matrix with its constant row, if it has one, set apart. */
export interface Affine {
  /** [rows, columns] */
  readonly map: Float64Array
  /** [columns] */
  readonly constant: Float64Array | undefined
  readonly rows: number
  readonly columns: number
}

/** The matrix of a plan with its constant row set apart. */
export function affineOf({ inputs, outputs, constant }: PairPlan, matrix: Float64Array): Affine {
  const rows = inputs - Number(constant)
  return {
    map: matrix.subarray(0, rows * outputs),
    constant: constant ? matrix.subarray(rows * outputs) : undefined,
    rows,
    columns: outputs,
  }
}

/** The linear map of a name among an attention's pairs; undefined where its heads are merged or rotary pairs. */
export const mapPlanOf = ({ plans }: MergedAttention, name: string): PairPlan | undefined =>
  plans.find((plan) => plan.part === 'linear' && plan.map === name)

/** A head's own pairs of a kind. */
export const plansOfHead = <P extends 'query-key' | 'value-output' | 'rotary'>(
  { plans }: MergedAttention,
  part: P,
  head: number,
): (PairPlan & { part: P })[] =>
  plans.filter((plan): plan is PairPlan & { part: P } => plan.part === part && 'head' in plan && plan.head === head)
