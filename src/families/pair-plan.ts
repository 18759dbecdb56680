/** What a pruned model is made of: the pairs of random matrices that stand for its weights, and the weights that stay dense. */
import type { BaseConfig } from './config.js'
import { familyOf, parametersOf } from './family.js'
import { biasOf, gainOf, type Parameter, shiftOf } from './parameter.js'
import type { AttentionSpec, NormSpec } from './port.js'
import { attentionSpecs, readersOf, recordTape, type Step, type Tape } from './tape.js'

/**
 * How the scores of attention are made.
 * - `merged`: one pair a head for W_Q W_K' / sqrt(D), the paper's construction. For attention without rotary positions.
 * - `factored`: W_Q and W_K are linear maps of their own, each a pair.
 * - `rotary`: one pair a head and frequency, a random rotary layer pruned (docs/rotary.md). For rotary attention.
 */
export type AttentionConstruction = 'merged' | 'factored' | 'rotary'

/** What keeps its float values: nothing, or the tables of embeddings and the vectors of norms. */
export type KeptDense = 'none' | 'embeddings'

/** The choices that decide which pairs a pruned model has. */
export interface PairChoice {
  readonly attention: AttentionConstruction
  readonly dense: KeptDense
}

/** Most rows of an embedding in one pair. */
export const TABLE_BLOCK = 128

interface PlanHead {
  /** Unique in the model: letters, digits, dots, dashes and underscores. */
  readonly name: string
  /** Inputs d1, with the constant coordinate (always 1, the last one) where there is one. */
  readonly inputs: number
  /** Outputs d2. */
  readonly outputs: number
  /** Whether the last input is the constant coordinate: for a bias, or the shift of a folded norm. */
  readonly constant: boolean
  /** Number of the step of the tape that it is for. */
  readonly step: number
}

/** A norm whose gain and shift are folded into the matrix. */
interface Folding {
  readonly norm: NormSpec | undefined
}

/** A matrix W [d1, d2] that two pruned random matrices stand for, y = x W. */
export type PairPlan = PlanHead &
  (
    | ({ readonly part: 'linear'; readonly map: string; readonly isHead: boolean } & Folding)
    /** W = W_Q W_K' / sqrt(D) of a query head. */
    | ({ readonly part: 'query-key'; readonly attention: AttentionSpec; readonly head: number } & Folding)
    /** W = W_V W_O of a query head; the constant coordinate has b_V W_O and b_O / H. */
    | ({ readonly part: 'value-output'; readonly attention: AttentionSpec; readonly head: number } & Folding)
    /** W = [A | B] of a query head and a frequency, over sqrt(D): the score gains cos(a) x A y' + sin(a) x B y' for an angle a between the two positions. */
    | ({
        readonly part: 'rotary'
        readonly attention: AttentionSpec
        readonly head: number
        readonly frequency: number
      } & Folding)
    /** The gain of a norm: entry j of W [d, 1] is what input j is multiplied by. */
    | { readonly part: 'diagonal'; readonly norm: NormSpec }
    /** The shift of a norm, as a map of the constant 1: W [1, d]. */
    | { readonly part: 'shift'; readonly norm: NormSpec }
    /** Rows `from` to `from` + d1 of a table. */
    | { readonly part: 'table'; readonly table: string; readonly from: number }
  )

/** What a pair does; see {@link PairPlan}. */
export type PairPart = PairPlan['part']

/** The construction of a family's attention where none is asked for. */
export function defaultAttention(config: BaseConfig): AttentionConstruction {
  return attentionSpecs(config).some(({ rotary }) => rotary) ? 'factored' : 'merged'
}

/** The constructions that a family's attention can have. */
export const attentionsOf = (config: BaseConfig): readonly AttentionConstruction[] =>
  attentionSpecs(config).some(({ rotary }) => rotary) ? ['factored', 'rotary'] : ['merged', 'factored']

/**
 * Every pair of a pruned model, in the order of the forward pass.
 * @throws RangeError for a construction that does not suit the family; RangeError or TypeError as the check of its configuration does
 */
export function pairPlans(config: BaseConfig, choice: PairChoice): PairPlan[] {
  checkChoice(config, choice)
  const tape = recordTape(config)
  const parameters = new Map(parametersOf(config).map((parameter) => [parameter.name, parameter]))
  const tables = new Set(tape.flatMap((step) => (step.kind === 'embed' ? step.parts.map(({ table }) => table) : [])))
  const model = { choice, tape, parameters, tables, readers: readersOf(tape) }
  return tape.flatMap((step, number) => plansOfStep(model, step, number))
}

/** The parameters that a pruned model keeps as they are. */
export function denseParameters(config: BaseConfig, dense: KeptDense): Parameter[] {
  if (dense === 'none') return []
  const isKept = (parameter: Parameter): boolean =>
    parameter.kind === 'matrix'
      ? parameter.role.endsWith('-embedding')
      : parameter.kind === 'gain' || parameter.kind === 'shift'
  return parametersOf(config).filter(isKept)
}

/**
 * Coordinates of a random head's queries for each hidden unit of a pair that makes scores: with n of them in all, query and key weights are
 * uniform on n^(1/4) and scores are divided by sqrt(n). A rotary unit is one pair of coordinates of one frequency of D / 2.
 * @returns undefined for other pairs
 */
export function queriesOfUnit(plan: PairPlan): number | undefined {
  if (plan.part === 'query-key') return 1
  return plan.part === 'rotary' ? plan.attention.headWidth : undefined
}

interface Model {
  readonly choice: PairChoice
  readonly tape: Tape
  /** Of each step the steps that read its result. */
  readonly readers: readonly (readonly Step[])[]
  /** Names of the tables that embed tokens. */
  readonly tables: ReadonlySet<string>
  readonly parameters: ReadonlyMap<string, Parameter>
}

function plansOfStep(model: Model, step: Step, number: number): PairPlan[] {
  const { choice } = model
  switch (step.kind) {
    case 'embed':
      if (choice.dense === 'embeddings') return []
      return step.parts.flatMap(({ table }) => tablePlans(table, shapeOf(model, table), number))
    case 'norm':
      return choice.dense === 'embeddings' || folds(model, number) ? [] : normPlans(model, step.spec, number)
    case 'linear':
      return [linearPlan(model, step.name, step.x, number)]
    case 'attention':
      return attentionPlans(model, step.spec, step.x, number)
    case 'unembed':
      return model.tables.has(step.name) ? [] : [headPlan(model, step.name, step.x, number)]
    default:
      return []
  }
}

/** [rows, columns] of a matrix; columns are undefined for a vector. */
const shapeOf = ({ parameters }: Model, name: string): readonly number[] => parameters.get(name)!.shape

function tablePlans(table: string, [rows, width]: readonly number[], step: number): PairPlan[] {
  const head = { part: 'table', outputs: width, constant: false, step, table } as const
  return Array.from({ length: Math.ceil(rows / TABLE_BLOCK) }, (_, block) => {
    const from = block * TABLE_BLOCK
    return { ...head, name: `${table}.${block}`, inputs: Math.min(TABLE_BLOCK, rows - from), from }
  })
}

function normPlans(model: Model, norm: NormSpec, step: number): PairPlan[] {
  const [width] = shapeOf(model, gainOf(norm.name))
  const head = { step, norm }
  const gain = {
    ...head,
    part: 'diagonal',
    name: gainOf(norm.name),
    inputs: width,
    outputs: 1,
    constant: false,
  } as const
  if (norm.kind === 'rms') return [gain]
  return [gain, { ...head, part: 'shift', name: shiftOf(norm.name), inputs: 1, outputs: width, constant: true }]
}

function linearPlan(model: Model, map: string, x: number, step: number): PairPlan {
  const [inputs, outputs] = shapeOf(model, map)
  const constant = hasConstant(model, x, map)
  const size = { inputs: inputs + Number(constant), outputs, constant }
  return { part: 'linear', name: map, ...size, step, map, isHead: false, norm: foldedNorm(model, x) }
}

function headPlan(model: Model, map: string, x: number, step: number): PairPlan {
  const [outputs, inputs] = shapeOf(model, map)
  const constant = hasConstant(model, x, map)
  const size = { inputs: inputs + Number(constant), outputs, constant }
  return { part: 'linear', name: map, ...size, step, map, isHead: true, norm: foldedNorm(model, x) }
}

function attentionPlans(model: Model, attention: AttentionSpec, x: number, step: number): PairPlan[] {
  const { query, key, value, output, heads, headWidth, name } = attention
  const width = shapeOf(model, query)[0]
  const out = shapeOf(model, output)[1]
  const norm = foldedNorm(model, x)
  const scored = hasConstant(model, x, query, key)
  const valued = hasConstant(model, x, value, output)
  const [seen, moved] = [width + Number(scored), width + Number(valued)]
  const ofHead = { attention, norm, step }
  const { attention: construction } = model.choice
  const factors = construction === 'factored' ? [query, key].map((map) => linearPlan(model, map, x, step)) : []
  const scores = (head: number): PairPlan[] => {
    const own = { ...ofHead, head, inputs: seen, constant: scored }
    if (construction === 'factored') return []
    if (construction === 'merged') return [{ ...own, part: 'query-key', name: `${name}.${head}.qk`, outputs: seen }]
    return Array.from({ length: headWidth / 2 }, (_, frequency) => {
      return { ...own, part: 'rotary', name: `${name}.${head}.qk.${frequency}`, outputs: 2 * seen, frequency }
    })
  }
  const values = { ...ofHead, part: 'value-output', inputs: moved, constant: valued, outputs: out } as const
  const ofHeads = Array.from({ length: heads }, (_, head): PairPlan[] => [
    ...scores(head),
    { ...values, name: `${name}.${head}.vo`, head },
  ])
  return [...factors, ...ofHeads.flat()]
}

/** Whether maps of a value need the constant coordinate: for a bias, or the shift of a norm that is folded. */
function hasConstant(model: Model, x: number, ...maps: string[]): boolean {
  return foldedNorm(model, x)?.kind === 'layer' || maps.some((map) => model.parameters.has(biasOf(map)))
}

/** The norm that made a value, if its gain and shift are folded into what reads it. */
function foldedNorm(model: Model, x: number): NormSpec | undefined {
  const step = model.tape[x]
  return step.kind === 'norm' && model.choice.dense === 'none' && folds(model, x) ? step.spec : undefined
}

/** Whether all that reads a norm's result is a matrix into which its gain and shift fold. */
function folds({ tape, readers, tables }: Model, number: number): boolean {
  const takes = (step: Step): boolean =>
    step.kind === 'linear' || step.kind === 'attention' || (step.kind === 'unembed' && !tables.has(step.name))
  return number < tape.length - 1 && readers[number].every(takes)
}

function checkChoice(config: BaseConfig, { attention, dense }: PairChoice): void {
  if (dense !== 'none' && dense !== 'embeddings')
    throw new RangeError(`"dense" expected none or embeddings, got ${JSON.stringify(dense)}`)
  const allowed = attentionsOf(config)
  if (!allowed.includes(attention)) {
    const { title } = familyOf(config)
    throw new RangeError(`"attention" expected ${allowed.join(' or ')} for ${title}, got ${JSON.stringify(attention)}`)
  }
}
