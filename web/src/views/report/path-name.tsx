/** The name of a file below the folders that are served: its folder is shortened or stands above, the file's own name is whole. */
export function PathName({ name }: { readonly name: string }) {
  const cut = name.lastIndexOf('/') + 1
  return (
    <span class="path-name" title={name}>
      {cut > 0 ? <span class="path-folder">{name.slice(0, cut)}</span> : null}
      <span class="path-file">{name.slice(cut)}</span>
    </span>
  )
}
