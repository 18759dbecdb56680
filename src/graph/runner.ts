import type { Tensor } from './tensor.js'

/** A graph made ready to run. */
export interface LoadedGraph {
  /**
   * Runs the graph.
   * @param feeds a tensor for every graph input, by name (read in place, not kept)
   * @returns every graph output, by name
   */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
  /**
   * Prepares a run that is repeated: at each call the feeds are read where they lie and the results written in place.
   * Views of WebAssembly memory that is not shared serve for both.
   * @param feeds a tensor for every graph input, by name
   * @param results where the graph outputs go, by name; outputs that are not named are not fetched
   * @returns runs the graph once
   * @throws RangeError when an array does not fit its input or output
   */
  bind(feeds: Readonly<Record<string, Tensor>>, results: Readonly<Record<string, Tensor>>): () => Promise<void>
  /** Frees what the graph holds; it cannot run afterwards. */
  release(): Promise<void>
}

/** Something that runs ONNX models: ONNX Runtime in Node or in a browser. `src/engine/` makes one. */
export interface GraphRunner {
  /** Whether graphs should use operators of ONNX Runtime's own domain that save transposes (FusedMatMul). */
  readonly prefersFused: boolean
  /** Whether it multiplies weights of a few bits (MatMulNBits) in integers, so that they pay. Default false. */
  readonly multipliesFewBits?: boolean
  /** Whether large constants may be handed over beside the model, which saves copies of them. Default false. */
  readonly takesBeside?: boolean
  /**
   * Prepares a model.
   * @param model a serialised ONNX ModelProto, as `encodeModel` writes it
   * @param beside the bytes of constants that lie beside it, by name; only for runners that say `takesBeside`
   */
  load(model: Uint8Array, beside?: ReadonlyMap<string, Uint8Array>): Promise<LoadedGraph>
}
