import type { DType } from '../tensor.js'
import type { Value } from '../value.js'

/** a + b, element by element; shapes broadcast. */
export const add = (a: Value, b: Value): Value => a.graph.apply('Add', [a, b], {})[0]

/** a - b, element by element; shapes broadcast. */
export const sub = (a: Value, b: Value): Value => a.graph.apply('Sub', [a, b], {})[0]

/** a * b, element by element; shapes broadcast. */
export const mul = (a: Value, b: Value): Value => a.graph.apply('Mul', [a, b], {})[0]

/** a / b, element by element; shapes broadcast. */
export const div = (a: Value, b: Value): Value => a.graph.apply('Div', [a, b], {})[0]

/** a where the condition (bool) holds and b elsewhere; the three shapes broadcast. */
export const where = (condition: Value, a: Value, b: Value): Value => a.graph.apply('Where', [condition, a, b], {})[0]

/** A float32 scalar constant in the graph of `like`. */
export const scalar = (like: Value, value: number): Value =>
  like.graph.constant({ dtype: 'float32', dims: [], data: Float32Array.of(value) })

/** Whether a = b, element by element, as bool; shapes broadcast. */
export const equal = (a: Value, b: Value): Value => a.graph.apply('Equal', [a, b], {})[0]

/** Whether a > b, element by element, as bool; shapes broadcast. */
export const greater = (a: Value, b: Value): Value => a.graph.apply('Greater', [a, b], {})[0]

/** Whether a >= b, element by element, as bool; shapes broadcast. */
export const greaterOrEqual = (a: Value, b: Value): Value => a.graph.apply('GreaterOrEqual', [a, b], {})[0]

/** Whether a < b, element by element, as bool; shapes broadcast. */
export const less = (a: Value, b: Value): Value => a.graph.apply('Less', [a, b], {})[0]

/** Whether a <= b, element by element, as bool; shapes broadcast. */
export const lessOrEqual = (a: Value, b: Value): Value => a.graph.apply('LessOrEqual', [a, b], {})[0]

/** Whether both a and b (bool) hold, element by element; shapes broadcast. */
export const and = (a: Value, b: Value): Value => a.graph.apply('And', [a, b], {})[0]

/** The same numbers as another element type; bool counts as 0 and 1, float32 is cut towards 0. */
export const cast = (x: Value, to: DType): Value => x.graph.apply('Cast', [x], { to })[0]

/** The same value, taken as a constant by `gradients`. */
export const stopGradient = (x: Value): Value => x.graph.apply('Identity', [x], {})[0]

/** e^x, element by element. */
export const exp = (x: Value): Value => x.graph.apply('Exp', [x], {})[0]

/** The natural logarithm, element by element; -Infinity at 0 and NaN below. */
export const log = (x: Value): Value => x.graph.apply('Log', [x], {})[0]

/** The square root, element by element; NaN below 0. */
export const sqrt = (x: Value): Value => x.graph.apply('Sqrt', [x], {})[0]

/** 1 / x, element by element. */
export const reciprocal = (x: Value): Value => x.graph.apply('Reciprocal', [x], {})[0]

/** |x|, element by element. */
export const abs = (x: Value): Value => x.graph.apply('Abs', [x], {})[0]

/** -x, element by element. */
export const neg = (x: Value): Value => x.graph.apply('Neg', [x], {})[0]

/** The hyperbolic tangent, element by element. */
export const tanh = (x: Value): Value => x.graph.apply('Tanh', [x], {})[0]

/** 1 / (1 + e^-x), element by element. */
export const sigmoid = (x: Value): Value => x.graph.apply('Sigmoid', [x], {})[0]

/** The error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x, element by element. */
export const erf = (x: Value): Value => x.graph.apply('Erf', [x], {})[0]

/** The sine of radians, element by element. */
export const sin = (x: Value): Value => x.graph.apply('Sin', [x], {})[0]

/** The cosine of radians, element by element. */
export const cos = (x: Value): Value => x.graph.apply('Cos', [x], {})[0]

/** x / (1 + e^-x), element by element: the sigmoid linear unit, also called swish. */
export const silu = (x: Value): Value => mul(x, sigmoid(x))

/** max(x, 0), element by element. */
export const relu = (x: Value): Value => x.graph.apply('Relu', [x], {})[0]

/** max(0, min(1, alpha x + beta)), element by element. */
export const hardSigmoid = (x: Value, alpha: number, beta: number): Value =>
  x.graph.apply('HardSigmoid', [x], { alpha, beta })[0]

/**
 * The Gaussian error linear unit, element by element (Hendrycks and Gimpel 2016).
 * @param approximate 'none': x/2 (1 + erf(x / sqrt 2)); 'tanh': x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), GPT-2's
 */
export const gelu = (x: Value, approximate: 'none' | 'tanh'): Value => x.graph.apply('Gelu', [x], { approximate })[0]
