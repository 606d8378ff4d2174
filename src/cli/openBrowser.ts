/** Opens a page in the user's browser; where there is none, the address that was printed must do. */
export function openBrowser(url: string): void {
  void import('open').then(({ default: open }) => open(url)).catch(() => {});
}
