/** A file and its path below what was dropped or chosen. */
export interface ChosenFile { readonly file: File, readonly path: string }

const music = /\.(flac|wav|wave|aif|aiff|aifc|m4a|m4b|mp4|aac|mp3|ogg|oga|opus|wv)$/i

export const isMusic = ({ path }: ChosenFile): boolean => music.test(path)

/** Every file of a drop, folders walked. Must be called while the drop event is handled. */
export async function droppedFiles (transfer: DataTransfer): Promise<ChosenFile[]> {
  // Entries must be taken now: after the event the list is emptied.
  const sources = [...transfer.items].filter((item) => item.kind === 'file').map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
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

async function filesBelow (entry: FileSystemEntry, folder: string): Promise<ChosenFile[]> {
  const path = folder === '' ? entry.name : `${folder}/${entry.name}`
  if (isFile(entry)) return [{ file: await new Promise<File>((resolve, reject) => { entry.file(resolve, reject) }), path }]
  if (!isFolder(entry)) return []
  const found: ChosenFile[] = []
  for (const child of await entriesOf(entry.createReader())) found.push(...await filesBelow(child, path))
  return found
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** A reader gives at most a hundred entries at a time, and none at the end. */
async function entriesOf (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject) })
    if (some.length === 0) return all
    all.push(...some)
  }
}
