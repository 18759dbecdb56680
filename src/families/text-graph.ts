/**
 * The port of whole texts: a forward pass over B sequences of T tokens as one graph. Activations are kept flat, [N, d] with N = B T, so that
 * every linear map and every weight's gradient is one product.
 */
import {
  add,
  gather,
  gemm,
  matMul,
  mul,
  numericShape,
  reshape,
  scalar,
  slice,
  split,
  sub,
  transpose,
  type Value,
} from '../graph/index.js'
import { activate } from './activation-graph.js'
import { createAttend } from './attention-graph.js'
import { normalise } from './norm-graph.js'
import { biasOf, gainOf, shiftOf } from './parameter.js'
import type { AttentionSpec, EmbeddingPart, Port } from './port.js'
import { rotate, rotationConstants } from './rotary.js'

/** What a text's graph is made of. */
export interface TextGraphOptions {
  /** B */
  readonly batch: number
  /** T */
  readonly length: number
  /** d */
  readonly width: number
  /** Whether a token sees what is before it alone. */
  readonly causal: boolean
  /** int32 [N] */
  readonly tokens: Value
  /** int32 [N]; row 0 of a table of types without it. */
  readonly types?: Value | undefined
  /** float32 [B, T]: 1 for a token, 0 for padding, which attention that is not causal then does not see. */
  readonly mask?: Value | undefined
  /**
   * A weight's value by its parameter's name; undefined for what the model has not. `NAME.qkv`, where NAME is an attention's, are its
   * query, key and value maps side by side, used in their place where they are there (and `NAME.qkv.bias`).
   */
  weight(name: string): Value | undefined
  /** int32 [N], the position of every token; default: 0 to T - 1 in each sequence. */
  readonly position?: Value | undefined
  /** x W for the parameter of a name, where it is not to be a product of float32; undefined where it is. */
  readonly product?: ((name: string, x: Value) => Value | undefined) | undefined
  /** Where the token embedding is looked up; default: its parameter. */
  readonly tokenTable?: (() => Value) | undefined
  readonly fused?: boolean | undefined
  /** Whether attention has one matrix of probabilities; see `createAttend`. Default false. */
  readonly whole?: boolean | undefined
  /** Sees named intermediate values. */
  readonly observe?: ((name: string, value: Value) => Value) | undefined
}

/** The port, and the looked-up token embeddings [N, d] once the forward pass asked for them. */
export interface TextPort extends Port<Value> {
  tokenRows(): Value
}

export function createTextPort(options: TextGraphOptions): TextPort {
  const { batch: B, length: T, width, causal, tokens, weight, fused = false, whole, observe } = options
  const N = B * T
  const { graph } = tokens
  const ones = graph.constant({ dtype: 'float32', dims: [width], data: new Float32Array(width).fill(1) })
  const padding = options.mask && paddingLogits(options.mask, B, T)
  const attend = createAttend(tokens, { length: T, fused, causal, whole, padding })
  const rotations = new Map<string, { cos: Value; sin: Value }>()
  const rotationFor = (theta: number, headWidth: number) => {
    const key = `${theta} ${headWidth}`
    const known = rotations.get(key) ?? rotationConstants(graph, T, headWidth, theta)
    rotations.set(key, known)
    return known
  }
  let tokenRows: Value | undefined
  const see = (name: string, value: Value) => observe?.(name, value) ?? value

  const lookUp = ({ table, index, seen }: EmbeddingPart): Value => {
    const rows = (): Value => {
      if (index === 'positions' && options.position) return gather(weight(table)!, options.position)
      if (index === 'positions') return slice(weight(table)!, 0, 0, T) // [T, d]
      if (index === 'types' && !options.types) return slice(weight(table)!, 0, 0, 1) // [1, d]
      if (index === 'types') return gather(weight(table)!, options.types!)
      tokenRows = gather(options.tokenTable?.() ?? weight(table)!, tokens) // [N, d]
      return tokenRows
    }
    const value = rows()
    return seen ? see(seen, value) : value
  }
  const linear = (name: string, x: Value): Value => {
    const bias = weight(biasOf(name))
    const product = options.product?.(name, x)
    if (product) return bias ? add(product, bias) : product
    return bias ? add(matMul(x, weight(name)!), bias) : gemm(x, weight(name)!)
  }
  /** [N, h D] -> [B, h, T, D] */
  const heads = (x: Value, D: number) =>
    transpose(reshape(x, [B, T, numericShape('heads', x.shape)[1] / D, D]), [0, 2, 1, 3])

  const inputsOf = (spec: AttentionSpec, x: Value): Value[] => {
    const { heads: H, keyHeads: K, headWidth: D, layer } = spec
    const together = `${spec.name}.qkv`
    if (!weight(together)) return [spec.query, spec.key, spec.value].map((name) => heads(linear(name, x), D))
    const qkv = see(`h.${layer}.qkv`, linear(together, x))
    return split(qkv, 1, [H * D, K * D, K * D]).map((part) => heads(part, D))
  }
  return {
    tokenRows() {
      if (!tokenRows) throw new RangeError('"tokenRows" expected a forward pass that looks tokens up')
      return tokenRows
    },
    embed(parts) {
      const [first, ...rest] = parts.map((part) => ({ ...part, value: lookUp(part) }))
      const sum = rest.reduce((x, { index, value }) => {
        if (index !== 'positions' || options.position) return add(x, value)
        return reshape(add(reshape(x, [B, T, width]), value), [N, width])
      }, first.value)
      return see('x', sum)
    },
    norm: (spec, x) => {
      const gain = weight(gainOf(spec.name))
      return normalise(spec, x, gain ?? (spec.kind === 'layer' ? ones : undefined), weight(shiftOf(spec.name)))
    },
    linear,
    attention(spec, x) {
      const at = (name: string, value: Value) => see(`h.${spec.layer}.${name}`, value)
      let [q, k, v] = inputsOf(spec, x)
      if (spec.rotary) {
        const angles = rotationFor(spec.rotary.theta, spec.headWidth)
        ;[q, k] = [rotate(q, angles), rotate(k, angles)]
      }
      ;[q, k, v] = [at('q', q), at('k', k), at('v', v)]
      const mixed = transpose(attend(q, k, v, at), [0, 2, 1, 3]) // [B, T, H, D]
      const y = at('y', reshape(mixed, [N, spec.heads * spec.headWidth]))
      return at('yProj', linear(spec.output, y))
    },
    activate,
    add,
    multiply: mul,
    unembed: (name, x) => gemm(x, weight(name)!, { transB: true }),
    see,
  }
}

/** 0 where a token is, and very low where padding is: [B, 1, 1, T]. A text of padding alone gives equal probabilities. */
function paddingLogits(mask: Value, B: number, T: number): Value {
  return mul(sub(reshape(mask, [B, 1, 1, T]), scalar(mask, 1)), scalar(mask, 1e30))
}
