import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** A server that answers every command with OK, and INFO with a text: Redis as it would greet a client. */
export async function startFakeRedis(info: string): Promise<{ address: string; stop(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      // A command is *n and its words, each as $length and bytes: the first word follows the first $length.
      const words = [...data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)].map(([, word]) => word.toLowerCase())
      for (const word of words) socket.write(word === 'info' ? `$${Buffer.byteLength(info)}\r\n${info}\r\n` : '+OK\r\n')
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    address: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((stopped) => server.close(() => stopped())),
  }
}
