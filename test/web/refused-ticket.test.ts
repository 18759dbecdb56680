import { expect, test } from 'vitest'
import { InputError, MemoryLimitError } from '../../src/safetensors/index.js'
import { refusedTicket } from '../../web/src/views/run/refused-ticket.js'
import { readBody } from '../../web/src/views/run/sized-body.js'

test('a ticket that asks for too much is not called damaged', () => {
  const error = new MemoryLimitError('big.safetensors', 5.1e9, 1.5e9, 'run')
  expect((refusedTicket(error, new Uint8Array(0)) as Error).message).toBe(
    'This ticket needs more memory than a page should take; slt generate opens it on your machine. big.safetensors: needs 5.10 GB of memory to run, the limit is 1.50 GB',
  )
})

test('a body is read to its end, or to the first piece beyond what a page opens', async () => {
  let pulled = 0
  const body = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (pulled === 100) return controller.close()
        controller.enqueue(new Uint8Array(1000).fill(pulled++))
      },
    })
  const whole = await readBody({ body: body() }, 100_000)
  expect([whole.length, whole[0], whole[99_999]]).toEqual([100_000, 0, 99])
  pulled = 0
  await expect(readBody({ body: body() }, 5000)).rejects.toThrow(InputError)
  expect(pulled).toBeLessThan(10) // the rest was not asked for
  expect(await readBody({ body: null }, 1)).toEqual(new Uint8Array(0))
})
