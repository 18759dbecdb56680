/** The view `#prune`. */
export default function PruneView() {
  return null
}
