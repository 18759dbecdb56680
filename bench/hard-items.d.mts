export const hardItems: Record<string, (n: number, u: (index: number) => number) => [items: number[], target: number]>

export function hardBatch(
  kind: string,
  n: number,
  count: number,
  seed: number,
): { itemCount: number; items: Float64Array; targets: Float64Array }
