// The loss of a GPT-2 on every whole window of a text, by one graph for all models, or by an exported ONNX file.
import * as ort from 'onnxruntime-node'
import { byteTokenizer } from '../dist/data/byte-tokenizer.js'
import { createGraphRunner } from '../dist/engine/onnx.js'
import { createDenseLoss } from '../dist/jobs/searched-loss.js'
import { createValidation } from '../dist/search/validation.js'

const BATCH = 16

/**
 * ONNX Runtime on the CPU, for both ways.
 * @param threads of an operator; one is fastest where others use the machine
 */
export const openEngine = (threads) => ({ runner: createGraphRunner({ threads }), threads })

/** @returns nats a byte */
export async function lossOf({ runner }, { config, weights }, text, windows) {
  return validated(await createDenseLoss(runner, config, weights, BATCH, config.positions), text, windows)
}

/** The loss of an ONNX file with a cache, which stays empty. @param file of `gpt2OnnxFile` */
export async function onnxLossOf({ threads }, file, config, text, windows) {
  const { layers, heads, width, positions: T, vocabulary: V } = config
  const session = await ort.InferenceSession.create(Buffer.concat([...file.chunks()]), {
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  })
  const integers = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [BATCH, T])
  const empty = new ort.Tensor('float32', new Float32Array(0), [BATCH, heads, 0, width / heads])
  const past = Array.from({ length: layers }, (_, l) =>
    ['key', 'value'].map((part) => [`past_key_values.${l}.${part}`, empty]),
  )
  const fixed = {
    ...Object.fromEntries(past.flat()),
    attention_mask: integers(new Array(BATCH * T).fill(1)),
    position_ids: integers(Array.from({ length: BATCH * T }, (_, i) => i % T)),
  }
  const [tokens, targets] = [new Int32Array(BATCH * T), new Int32Array(BATCH * T)]
  const run = async () => {
    const { logits } = await session.run({ ...fixed, input_ids: integers(tokens) }, ['logits'])
    return windowLosses(logits.data, targets, V)
  }
  return validated({ tokens, targets, run, release: () => session.release() }, text, windows)
}

async function validated(evaluator, text, windows) {
  try {
    const { validLoss } = await createValidation(evaluator, {
      name: 'text',
      text,
      tokenizer: byteTokenizer,
      batch: BATCH,
      windows,
    })()
    return validLoss
  } finally {
    await evaluator.release()
  }
}

/** Cross-entropy of each window in nats, [BATCH]. */
function windowLosses(logits, targets, V) {
  const nats = new Float64Array(BATCH)
  for (let n = 0; n < targets.length; n++) {
    let top = Number.NEGATIVE_INFINITY
    for (let v = n * V; v < (n + 1) * V; v++) if (logits[v] > top) top = logits[v]
    let sum = 0
    for (let v = n * V; v < (n + 1) * V; v++) sum += Math.exp(logits[v] - top)
    nats[Math.floor((n * BATCH) / targets.length)] += Math.log(sum) + top - logits[n * V + targets[n]]
  }
  return nats
}
