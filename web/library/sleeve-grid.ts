/** Columns and row height of a grid of sleeves in so wide a box, CSS pixels. */
export function sleeveGrid (width: number): { readonly columns: number, readonly rowHeight: number } {
  const least = width < 720 ? 140 : 184
  const gap = width < 720 ? 12 : 20
  const columns = Math.max(2, Math.floor(width / least))
  // A square sleeve, two lines of text, and air before the next row.
  return { columns, rowHeight: Math.floor(width / columns - gap) + 8 + 40 + 24 }
}
