/** Dense models that compute what a pruned one does. */
import { type BaseConfig, checkConfig, countParameters, familyOf, type ModelWeights } from '../families/index.js'
import { type PairChoice, type PairPlan, pairPlans } from '../families/pair-plan.js'
import { biasOf, gainOf, shiftOf } from '../families/parameter.js'
import { attentionSpecs, readersOf, recordTape } from '../families/tape.js'
import { addToBias, type DenseParameters, plainParameters, setColumns, setRows } from './dense-parameters.js'
import { exactAttention } from './exact-attention.js'
import { factoredAttention } from './factored-attention.js'
import { leastSquares } from './least-squares.js'
import { affineOf, type MergedAttention, type MergedModel } from './merged-model.js'

/**
 * How the full-rank heads of a pruned model become heads of a dense one.
 * - `exact`: a larger model of the family computes the same, up to the rounding of float32.
 * - `factored`: a model of the target's own shape comes close, by matrices of the rank that the target's had.
 */
export const headForms = ['exact', 'factored'] as const
export type HeadForm = (typeof headForms)[number]

/** A dense model of a known family. */
export interface DenseTwin {
  readonly config: BaseConfig
  readonly weights: ModelWeights
}

/**
 * The configuration of an exact dense model.
 * @throws RangeError for rotary pairs, and for a family that has no room for heads of full rank
 */
export function exactConfig(config: BaseConfig, { attention }: PairChoice): BaseConfig {
  const { title, fullRank } = familyOf(config)
  if (attention === 'rotary') {
    throw new RangeError(
      '"heads" expected factored for rotary heads of pairs, got exact: each of their frequencies has matrices of full rank, and a standard model has each frequency once a head',
    )
  }
  if (!fullRank) throw new RangeError(`"heads" expected factored for a ${title}, got exact`)
  return fullRank(config)
}

/** Bytes of an exact dense model in float32. @throws as {@link exactConfig} */
export const exactBytes = (config: BaseConfig, choice: PairChoice): number =>
  4 * countParameters(exactConfig(config, choice))

/**
 * A pruned model as a dense one. Its parameters are all there, biases too.
 * @param onHead told after each head of attention; what it throws ends the work
 * @throws RangeError as {@link exactConfig}, and where a constant has no place
 */
export async function denseTwin(
  model: MergedModel,
  form: HeadForm,
  onHead: (done: number, total: number) => void = () => {},
): Promise<DenseTwin> {
  const { config, choice, dense, merged } = model
  const to = form === 'exact' ? exactConfig(config, choice) : config
  checkConfig(to)
  const parameters = plainParameters(to)
  for (const [name, { shape, data }] of dense) setRows(parameters.get(name)!, data, shape[shape.length - 1])
  const plans = pairPlans(config, choice)
  const steps = new Map(
    plans.flatMap((plan) => (plan.part === 'value-output' ? [[plan.step, plan.attention] as const] : [])),
  )
  const total = plans.filter(({ part }) => part === 'value-output').length
  let done = 0
  const wide = attentionSpecs(to)
  for (const [step, attention] of steps) {
    const own: MergedAttention = {
      attention,
      plans: plans.filter((plan) => plan.step === step),
      merged,
      async onHead() {
        onHead(++done, total)
        await new Promise((resolve) => setTimeout(resolve, 0)) // lets a signal in
      },
    }
    if (form === 'exact') await exactAttention(own, wide[attention.layer], parameters)
    else await factoredAttention(own, parameters)
  }
  for (const plan of plans) if (!steps.has(plan.step)) await setPlan(model, plan, to, parameters)
  divideTiedNorm(config, to, parameters)
  return { config: to, weights: parameters }
}

/** Fills what one pair outside attention stands for. */
async function setPlan(model: MergedModel, plan: PairPlan, to: BaseConfig, parameters: DenseParameters): Promise<void> {
  const matrix = await model.merged(plan)
  const { outputs } = plan
  switch (plan.part) {
    case 'table':
      return setRows(parameters.get(plan.table)!, matrix, outputs, plan.from)
    case 'diagonal':
      return setRows(parameters.get(gainOf(plan.norm.name))!, matrix, matrix.length)
    case 'shift':
      return setRows(parameters.get(shiftOf(plan.norm.name))!, matrix, outputs)
    case 'linear': {
      if (plan.isHead) return setHead(model, plan, matrix, to, parameters)
      const { map, constant } = affineOf(plan, matrix)
      setRows(parameters.get(plan.map)!, map, outputs)
      if (constant) addToBias(parameters, biasOf(plan.map), constant)
      return
    }
    default:
      throw new RangeError(`pair ${plan.name} expected to be no part of attention`)
  }
}

/**
 * A head of its own, [V, d]. It has no bias. What the shift of a folded norm gives is read from a second copy of x, of which the norm makes a 1;
 * where there is one copy, the norm gets the shift that comes closest in the sense of least squares.
 */
function setHead(
  { config }: MergedModel,
  plan: PairPlan & { part: 'linear' },
  matrix: Float64Array,
  to: BaseConfig,
  parameters: DenseParameters,
): void {
  const { map, constant, rows, columns } = affineOf(plan, matrix)
  const head = parameters.get(plan.map)!
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) head.data[c * head.shape[1] + r] = map[r * columns + c]
  if (!constant) return
  const tape = recordTape(config)
  const made = tape.findIndex((step) => step.kind === 'norm' && step.spec.name === plan.norm?.name)
  const shift = plan.norm && parameters.get(shiftOf(plan.norm.name))?.data
  if (!plan.norm || !shift || readersOf(tape)[made].length > 1) {
    throw new RangeError(`${plan.map} expected a norm of its own with a shift, for a constant`)
  }
  if (to.width === config.width) {
    shift.set(leastSquares(map, rows, columns, constant))
    return
  }
  parameters.get(gainOf(plan.norm.name))!.data[rows] = 0
  shift[rows] = 1
  setColumns(head, rows, constant, { columns: 1, from: 0, count: 1 })
}

/** A table that serves as the head sums as many equal products as there are copies of x: the norm before it is divided by them. */
function divideTiedNorm(config: BaseConfig, to: BaseConfig, parameters: DenseParameters): void {
  const copies = to.width / config.width
  if (copies === 1) return
  const tape = recordTape(config)
  const tables = new Set(tape.flatMap((step) => (step.kind === 'embed' ? step.parts.map(({ table }) => table) : [])))
  for (const step of tape) {
    if (step.kind !== 'unembed' || !tables.has(step.name)) continue
    const before = tape[step.x]
    if (before.kind !== 'norm') throw new RangeError(`${step.name} expected a norm before it, where it is the head`)
    for (const name of [gainOf(before.spec.name), shiftOf(before.spec.name)]) {
      const values = parameters.get(name)?.data
      if (values) for (let i = 0; i < values.length; i++) values[i] /= copies
    }
  }
}
