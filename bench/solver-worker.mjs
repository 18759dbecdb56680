// A bench thread. Messages: { problem } loads a batch, { go: times } solves it that often, { pensia } solves a range of
// that task's weights. Answers each with a result.
import { parentPort } from 'node:worker_threads'
import { loadKernels } from '../dist/engine/node.js'
import { createWasmSolver } from '../dist/kernels/index.js'
import { solvePensiaRange } from './pensia-range.mjs'

const kernels = await loadKernels()
const solver = createWasmSolver(kernels)
let problem

parentPort.on('message', (message) => {
  if (message.problem) problem = message.problem
  for (let time = 0; time < (message.go ?? 0); time++) solver.solve(problem)
  parentPort.postMessage(message.pensia ? solvePensiaRange(kernels, solver, message.pensia) : { done: true })
})
