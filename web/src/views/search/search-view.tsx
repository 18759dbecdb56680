/** The view `#search`. */
export default function SearchView() {
  return null
}
