/**
 * Scores that start from a trained model's weights. A kept weight is the random one, so a trained weight w tells two things of it: whether the sign of the random
 * weight r is right, and how much it matters. Both are in a = w sign(r): the larger a, the sooner the weight should be kept; where the signs differ a is
 * negative, and the larger |w| the worse it would be to keep it.
 */

/**
 * The starting scores of a matrix. The weights are ranked by a = w sign(r), of equal ones the earlier higher; the score of the weight of rank k from below is
 * range (k + 1/2) / n. So scores are all positive, selection by |score| and by score are the same, and |score| is spread over (0, range) as
 * that of random scores is: rates and steps mean what they mean elsewhere. `--keep` of the weights with the largest a are the first mask.
 * @param weights r, the random weights, float32 [n]
 * @param trained w, float32 [n], finite
 * @param range half width of the range that random scores start in, > 0
 * @param scores written, float32 [n]
 */
export function fillStartScores(
  scores: Float32Array,
  weights: Float32Array,
  trained: Float32Array,
  range: number,
): void {
  const n = scores.length
  const agreement = new Float32Array(n)
  for (let i = 0; i < n; i++) agreement[i] = trained[i] * Math.sign(weights[i])
  const order = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  order.sort((i, j) => agreement[i] - agreement[j] || j - i)
  for (let rank = 0; rank < n; rank++) scores[order[rank]] = (range * (rank + 0.5)) / n
}
