/** A page as text: a Worker has no file system to read it from. */
declare module '*.md?raw' {
  const text: string
  export default text
}
