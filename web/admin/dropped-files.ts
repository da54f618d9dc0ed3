/** A file and its path below what was dropped or chosen. */
export interface ChosenFile { readonly file: File, readonly path: string }

type Refuse = (error: unknown) => void
/** What is read of a browser's FileSystemEntry; it is a file or a folder. */
export interface DroppedEntry { readonly name: string, readonly isFile: boolean, readonly isDirectory: boolean }
export interface FileEntry extends DroppedEntry { file(take: (file: File) => void, refuse: Refuse): void }
export interface FolderEntry extends DroppedEntry { createReader(): EntryReader }
interface EntryReader { readEntries(take: (entries: readonly DroppedEntry[]) => void, refuse: Refuse): void }
/** What is read of a DataTransferItem; one of text has neither. */
export interface DroppedItem { webkitGetAsEntry(): DroppedEntry | null, getAsFile(): File | null }

const music = /\.(flac|wav|wave|aif|aiff|aifc|m4a|m4b|mp4|aac|mp3|ogg|oga|opus|wv)$/i

export const isMusic = ({ path }: ChosenFile): boolean => music.test(path)

/**
 * Every file of a drop, folders walked. Must be called while the drop event is handled.
 * @throws DOMException where a file or folder can't be read
 */
export async function droppedFiles (transfer: { readonly items: Iterable<DroppedItem> }): Promise<ChosenFile[]> {
  // Entries must be taken now: after the event the list is emptied.
  const sources = [...transfer.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found: ChosenFile[] = []
  for (const { entry, file } of sources) {
    if (entry !== null) found.push(...await filesBelow(entry, ''))
    else if (file !== null) found.push({ file, path: file.name })
  }
  return found
}

/** The files of a picker; a folder's picker knows their paths. */
export function pickedFiles (list: FileList): ChosenFile[] {
  return [...list].map((file) => ({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath }))
}

async function filesBelow (entry: DroppedEntry, folder: string): Promise<ChosenFile[]> {
  const path = folder === '' ? entry.name : `${folder}/${entry.name}`
  if (isFile(entry)) return [{ file: await new Promise<File>((resolve, reject) => { entry.file(resolve, reject) }), path }]
  if (!isFolder(entry)) return []
  const found: ChosenFile[] = []
  for (const child of await entriesOf(entry.createReader())) found.push(...await filesBelow(child, path))
  return found
}

const isFile = (entry: DroppedEntry): entry is FileEntry => entry.isFile
const isFolder = (entry: DroppedEntry): entry is FolderEntry => entry.isDirectory

/** A reader gives at most a hundred entries at a time, and none at the end. */
async function entriesOf (reader: EntryReader): Promise<DroppedEntry[]> {
  const all: DroppedEntry[] = []
  for (;;) {
    const some = await new Promise<readonly DroppedEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject) })
    if (some.length === 0) return all
    all.push(...some)
  }
}
