import type { OpName } from './attributes.js'
import { add, scalar } from './functions/elementwise.js'
import { scatterElements } from './functions/rearranging.js'
import type { OutputGradients } from './operator.js'
import { operators } from './operators/index.js'
import { formatShape, sameShape } from './tensor.js'
import type { Node, Value } from './value.js'

/**
 * The gradients of a loss, by reverse-mode differentiation: the backward pass is added to the loss's graph as ordinary
 * nodes. Only what lies between `wrt` and the loss is differentiated, through float32 values.
 * @param loss a float32 scalar, shape []
 * @param wrt float32 values of the same graph: inputs, constants, or intermediate values
 * @returns d loss / d value for each of `wrt`, of its shape
 * @throws TypeError when the loss or a value is not float32
 * @throws RangeError when the loss is no scalar, a value is of another graph, the loss does not depend on a value, or an
 * operator on the way is not differentiable
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) {
    throw new RangeError(`gradients: ${loss.name} expected shape [], got ${formatShape(loss.shape)}`)
  }
  return pullBack([[loss, scalar(loss, 1)]], wrt)
}

/**
 * {@link gradients} from where the gradient is already known: values of any shape, each with d loss / d value. A loss with
 * a closed form (softmax and cross-entropy) starts here, past what the rules of its operators would cost.
 * @param arrived values and their gradients, of equal shape
 * @returns d loss / d value for each of `wrt`
 * @throws as {@link gradients}
 */
export function pullBack(arrived: readonly (readonly [Value, Value])[], wrt: readonly Value[]): Value[] {
  if (arrived.length === 0) throw new RangeError('gradients: expected at least one value with its gradient')
  const ends = arrived.map(([value]) => value)
  const names = ends.map(({ name }) => name).join(', ')
  expectDifferentiable(ends, wrt)
  const steps = ends[0].graph.nodes.map(stepOf)
  const dependent = dependents(steps, wrt)
  const received = new Map<Value, Value[]>()
  for (const [value, gradient] of arrived) {
    if (!sameShape(value.shape, gradient.shape)) {
      const shapes = `expected ${formatShape(value.shape)}, got ${formatShape(gradient.shape)}`
      throw new RangeError(`gradients: the gradient of ${value.name} ${shapes}`)
    }
    received.set(value, [...(received.get(value) ?? []), gradient])
  }
  const total = (value: Value): Value | undefined => {
    const parts = received.get(value)
    if (parts === undefined) return undefined
    const sum = parts.reduce(accumulated)
    received.set(value, [sum])
    return sum
  }

  for (const step of steps.reverse()) {
    const wanted = step.inputs.map((value) => dependent.has(value))
    if (!wanted.includes(true)) continue
    const outputGradients = step.outputs.map(total)
    if (outputGradients.every((gradient) => gradient === undefined)) continue
    const parts = step.pull(outputGradients, wanted)
    for (const [i, input] of step.inputs.entries()) {
      const part = parts[i]
      if (part === undefined || !wanted[i]) continue
      expectShape(step, i, part)
      const others = received.get(input)
      if (others) others.push(part)
      else received.set(input, [part])
    }
  }
  return wrt.map((value) => {
    const gradient = total(value)
    if (gradient === undefined) throw new RangeError(`gradients: ${names} does not depend on ${value.name}`)
    return gradient
  })
}

function expectDifferentiable(ends: readonly Value[], wrt: readonly Value[]): void {
  const { graph } = ends[0]
  for (const value of [...ends, ...wrt]) {
    if (value.dtype !== 'float32') {
      throw new TypeError(`gradients: ${value.name} expected float32, got ${value.dtype}`)
    }
    if (value.graph !== graph) {
      throw new RangeError(`gradients: ${value.name} belongs to graph ${value.graph.name}, not ${graph.name}`)
    }
  }
}

/** What is differentiated as one. */
interface Step {
  readonly name: string
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  pull(outputGradients: readonly (Value | undefined)[], wanted: readonly boolean[]): readonly (Value | undefined)[]
}

/** A node by its operator's rule, or by what was said of its output. */
function stepOf(node: Node): Step {
  const { op, inputs, outputs } = node
  const custom = outputs[0].graph.customGradient(outputs[0])
  if (custom === undefined) return { name: op, inputs, outputs, pull: (dy, wanted) => applyRule(node, dy, wanted) }
  return { name: outputs[0].name, inputs: custom.inputs, outputs, pull: ([dy], wanted) => custom.rule(dy!, wanted) }
}

/** The given values and everything that is computed from them by way of float32 values. */
function dependents(steps: readonly Step[], wrt: readonly Value[]): Set<Value> {
  const found = new Set(wrt)
  for (const { inputs, outputs } of steps) {
    if (!inputs.some((value) => found.has(value))) continue
    for (const value of outputs) if (value.dtype === 'float32') found.add(value)
  }
  return found
}

/** At least one of the output gradients is there, so the only one of an operator with one output is. */
function applyRule<Op extends OpName>(
  node: Node<Op>,
  outputGradients: readonly (Value | undefined)[],
  wanted: readonly boolean[],
): readonly (Value | undefined)[] {
  return operators[node.op].gradient(node, outputGradients as unknown as OutputGradients<Op>, wanted)
}

/** The sum of two gradients. What is scattered into zeros is scattered into the other one: a pass less over a large array. */
function accumulated(a: Value, b: Value): Value {
  for (const [scattered, other] of [
    [b, a],
    [a, b],
  ]) {
    const node = scattered.graph.producer(scattered)
    if (node?.op !== 'ScatterElements') continue
    const { axis, reduction } = (node as Node<'ScatterElements'>).attributes
    const [data, indices, updates] = node.inputs
    if (reduction === 'add' && isZeros(data)) return scatterElements(other, indices, updates, axis, 'add')
  }
  return add(a, b)
}

function isZeros(value: Value): boolean {
  const node = value.graph.producer(value)
  const { constant } = node?.op === 'Expand' ? node.inputs[0] : value
  return constant?.dtype === 'float32' && constant.data.every((element) => element === 0)
}

function expectShape({ name, inputs }: Step, input: number, gradient: Value): void {
  const { shape } = inputs[input]
  if (sameShape(gradient.shape, shape)) return
  const shapes = `expected ${formatShape(shape)}, got ${formatShape(gradient.shape)}`
  throw new RangeError(`${name}: gradient of input ${input} ${shapes}`)
}
