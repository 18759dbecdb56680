// A bench thread that decodes masks and makes weights. Messages: { file } opens a ticket, { part, of } makes every of-th piece of it into
// the same array and answers with their weights.
import { parentPort } from 'node:worker_threads'
import { loadKernels } from '../dist/engine/node.js'
import { weightsPieces } from '../dist/engine/weights-pieces.js'
import { openFile } from '../dist/files/files.js'
import { nodeSha256 } from '../dist/files/sha256.js'
import { makeMaskedWeights } from '../dist/kernels/index.js'
import { openTicket } from '../dist/ticket/index.js'

const kernels = await loadKernels()
const pieces = []
let out

parentPort.on('message', async ({ file, part, of }) => {
  if (file) {
    const source = await openFile(file)
    const ticket = await openTicket(source, nodeSha256)
    for (const name of ticket.matrices.keys())
      pieces.push(...(await weightsPieces(await ticket.readStored(name), ticket.seed)))
    await source.close()
    out = new Float32Array(Math.max(...pieces.map(({ count }) => count)))
  }
  let weights = 0
  for (let i = part ?? pieces.length; i < pieces.length; i += of) {
    makeMaskedWeights(kernels, pieces[i], out.subarray(0, pieces[i].count))
    weights += pieces[i].count
  }
  parentPort.postMessage({ weights })
})
