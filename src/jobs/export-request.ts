import type { TokenizerName } from '../data/index.js'
import type { BaseConfig } from '../families/index.js'
import type { WriteOptions } from '../files/output-folder.js'
import type { Bits, GgufType, HeadForm, WeightFormat, WeightPlace } from '../interop/index.js'
import type { OpenOptions } from '../ticket/index.js'
import type { ModelSource } from './model-source.js'

/** What a model can be written as. */
export type ExportForm = 'huggingface' | 'onnx' | 'onnx-training' | 'gguf'

/** What is to be exported, and as what. */
export interface ExportRequest extends WriteOptions, OpenOptions {
  /** Path of a ticket, of a Hugging Face folder, or of a GGUF file. */
  readonly source: string
  /** A folder; for ONNX it may be a file whose name ends with `.onnx`, for GGUF it is one that ends with `.gguf`. */
  readonly out: string
  readonly to: ExportForm
  /** Of a Hugging Face folder. Default fp32. */
  readonly dtype?: WeightFormat | undefined
  /** Of a GGUF file: what its matrices are stored as. Default f32. */
  readonly type?: GgufType | undefined
  /** Of a pruned ticket. Default exact; factored where its attention is rotary, which has this form alone. */
  readonly heads?: HeadForm | undefined
  /** Of an ONNX inference graph: bits of the weights of linear maps; 2 for tickets of signed constants alone, whose embeddings too have 2. Default: float32. */
  readonly bits?: Bits | 2 | undefined
  /** Of a training graph: sequences; default: as many as the search took, or 8. */
  readonly batch?: number | undefined
  /** Of a training graph: tokens a sequence; default: the model's context. */
  readonly length?: number | undefined
  /** Of a training graph: where its weights come from. Default initializers. */
  readonly weights?: WeightPlace | undefined
  /** Tokenizer for a model that names none: `bytes`, `gpt2` or a folder with a tokenizer.json; null for none at all. Default: the model's own. */
  readonly tokenizer?: string | null | undefined
}

/** What was written. */
export interface ExportReport {
  readonly source: string
  readonly kind: ModelSource['kind']
  readonly to: ExportForm
  readonly out: string
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  readonly bytes: number
  /** Of the exported model. */
  readonly config: BaseConfig
  readonly tokenizer: TokenizerName | null
  /** Of a pruned ticket; null for others. */
  readonly heads: HeadForm | null
  /** What the model computes: `logits`, or of an encoder `hidden states`. */
  readonly results: string
  /** Of a pruned ticket: largest difference from the results of its literal network on random inputs; null for others. */
  readonly resultDifference: number | null
  /** A line each for what a folder holds and was not read, and for what a GGUF file holds otherwise than was asked. */
  readonly warnings: readonly string[]
}
