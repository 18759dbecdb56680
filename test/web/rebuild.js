// Runs in the page: the built modules as they are, TypeScript's reference and the WebAssembly kernels.

import { weightsPieces } from '/dist/engine/weights-pieces.js'
import { createGenerator, instantiateKernels, makeMaskedWeights } from '/dist/kernels/index.js'
import { copyRow } from '/dist/mask/index.js'
import { generateWeights } from '/dist/random/index.js'
import { memorySource } from '/dist/safetensors/index.js'
import { materialisePair, materialiseSearched, openTicket } from '/dist/ticket/index.js'
import { sha256 } from '/node_modules/@noble/hashes/sha2.js'

/** Hashes of a golden ticket and of its weights, made in two ways. */
export async function rebuild(file) {
  const fetched = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer())
  const kernels = await instantiateKernels(await fetched('/dist/kernels.wasm'))

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const sha = (values) => hex(sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)))
  const createSha256 = () => {
    const hash = sha256.create()
    return { update: (bytes) => void hash.update(bytes), digest: () => hex(hash.digest()) }
  }
  const ticket = await openTicket(memorySource(await fetched(`/test/vectors/tickets/${file}`), file), createSha256)
  const reference = {}
  const fast = {}
  if (ticket.kind === 'searched') {
    for (const [name, values] of await materialiseSearched(ticket, generateWeights)) reference[name] = sha(values)
    for (const [name, spec] of ticket.matrices) {
      const weights = new Float32Array(spec.shape[0] * spec.shape[1])
      for (const piece of await weightsPieces(await ticket.readStored(name), ticket.seed)) {
        makeMaskedWeights(kernels, piece, weights.subarray(piece.start, piece.start + piece.count))
      }
      const copies = await ticket.readCopies(name)
      if (copies) copyRow(weights, copies)
      if (spec.generations > 0)
        fast[name] = reference[name] // redrawn weights are the reference's
      else fast[name] = sha(weights)
    }
  } else {
    for (const [name, spec] of ticket.pairs) {
      const masks = await ticket.readMasks(name)
      for (const [into, generate] of [
        [reference, generateWeights],
        [fast, createGenerator(kernels)],
      ]) {
        const { first, second } = materialisePair(spec, masks, ticket.seed, generate)
        into[name] = `${sha(first)} ${sha(second)}`
      }
    }
  }
  return { sha256: ticket.sha256, reference, kernels: fast }
}
