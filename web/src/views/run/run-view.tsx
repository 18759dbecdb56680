/** The view `#run`. */
export default function RunView() {
  return null
}
