/** What a family of transformers is. */
import type { BaseConfig, ConfigField } from './config.js'
import type { GgufLayout } from './gguf-layout.js'
import type { HuggingFaceLayout } from './layout.js'
import type { Parameter } from './parameter.js'
import type { Port } from './port.js'

/** A family of transformers: all that the rest of the program asks of one. `docs/add-a-family.md` shows how one is added. */
export interface Family<C extends BaseConfig = BaseConfig> {
  /** Of lower-case letters and digits. */
  readonly name: string
  /** As people write it. */
  readonly title: string
  /** `causal`: predicts the next token. `encoder`: gives a vector a token, which has seen the whole text. */
  readonly task: 'causal' | 'encoder'
  /** Fields of a configuration in the order of a ticket's metadata. */
  readonly fields: readonly ConfigField[]
  /**
   * Checks that a configuration describes a model.
   * @throws TypeError for a value of the wrong type, RangeError for one out of range or sizes that do not fit together
   */
  check(config: C): void
  /**
   * Every tensor of a model that has biases and learned norms, in the order a forward pass needs them. Their order never changes: the index
   * among the matrices is the number of a random stream. No name is that of what graphs take beside weights: tokens, targets, counts,
   * types, mask, token, position, last.
   */
  parameters(config: C): readonly Parameter[]
  /** The forward pass up to the last hidden state before the final norm (of a family without one: up to the last hidden state). */
  body<V>(port: Port<V>, config: C): V
  /** From the body's hidden state to the logits of every token: the final norm, where there is one, and the output matrix. */
  head<V>(port: Port<V>, config: C, x: V): V
  /** What a cache of keys and values holds for a token: `layers` times `keyHeads` heads of `headWidth` numbers each. */
  cache(config: C): { readonly layers: number; readonly keyHeads: number; readonly headWidth: number }
  /**
   * The configuration of a dense model that has room for heads of full rank, as pruned tickets have them: H' / H heads of width D' stand for a head,
   * together at least as wide as x (one more where the constant coordinate of its values has no other place). The residual stream may be several
   * copies of x. Without it, exact exports of pruned tickets are refused.
   */
  fullRank?(config: C): C
  /** Hugging Face's files. */
  readonly huggingFace: HuggingFaceLayout<C>
  /** GGUF files of the family. Without it, none are read or written. */
  readonly gguf?: GgufLayout<C>
}
