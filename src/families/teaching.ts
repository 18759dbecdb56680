/**
 * Learning from a teacher's distributions: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015). What is descended is
 * (1 - weight) cross-entropy + weight T^2 KL(teacher || student), with both distributions softmax(logits / T).
 */
import { add, div, type Graph, log, mul, reduceSum, scalar, softmax, sub, type Value } from '../graph/index.js'

/** How much a network learns from its teacher. */
export interface Teaching {
  /** Share of the teacher in the loss, 0 < weight <= 1. */
  readonly weight: number
  /** T, finite and > 0. */
  readonly temperature: number
}

/** Added to a probability before its logarithm is taken: a loss saturates at 87.3 nats a token instead of becoming infinite. */
export const LEAST_PROBABILITY = 2 ** -126

/** softmax(logits / T) */
export const softmaxAt = (logits: Value, temperature: number): Value => softmax(scaled(logits, 1 / temperature))

/** x times a number. */
export const scaled = (x: Value, factor: number): Value => (factor === 1 ? x : mul(x, scalar(x, factor)))

/** What a student's graph has: z and softmax(z), [N, V] each. */
interface Student {
  readonly graph: Graph
  readonly logits: Value
  readonly probabilities: Value
}

/**
 * Adds the input `teacher` [N, V] (float32), the teacher's distributions at the temperature.
 * @param mean [N, 1] -> a scalar: the mean over what counts
 * @returns `kl`, the mean KL(teacher || student) in nats, a scalar; and `descent` [N, V], of each row's share of the loss its gradient for z, but
 *   for the one hot targets: (1 - weight) softmax(z) + weight T (softmax(z / T) - teacher)
 * @throws RangeError as {@link checkTeaching} does
 */
export function teach(
  { graph, logits, probabilities }: Student,
  { weight, temperature }: Teaching,
  mean: (values: Value) => Value,
): { readonly kl: Value; readonly descent: Value } {
  checkTeaching({ weight, temperature })
  const teacher = graph.input('teacher', 'float32', logits.shape)
  const least = scalar(logits, LEAST_PROBABILITY)
  const student = temperature === 1 ? probabilities : softmaxAt(logits, temperature)
  const ratio = div(add(teacher, least), add(student, least))
  const kl = mean(reduceSum(mul(teacher, log(ratio)), [1], true))
  const descent =
    temperature === 1
      ? sub(probabilities, scaled(teacher, weight))
      : add(scaled(probabilities, 1 - weight), scaled(sub(student, teacher), weight * temperature))
  return { kl, descent }
}

/** @throws RangeError for a weight outside 0 < weight <= 1, or a temperature that is not above 0 */
export function checkTeaching({ weight, temperature }: Teaching): void {
  if (!(weight > 0 && weight <= 1)) throw new RangeError(`"teacher-weight" expected 0 < weight <= 1, got ${weight}`)
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`"temperature" expected a finite number > 0, got ${temperature}`)
  }
}
