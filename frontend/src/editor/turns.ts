/**
 * Wagtail's autosave and the author's own saving, one after the other.
 *
 * The answer to the first autosave of a new page brings the address at which the page lies from now on. Publishing at
 * once, before that answer, would make the page a second time.
 */

/** An autosave without an answer for so long (ms) is not waited for any more. */
const LONGEST = 10_000;

export class Turns {
  private isStoring = false;
  private isSending = false;
  private after: (() => void)[] = [];

  /** Say whether an autosave may begin; if so it is on its way until `stored`. */
  mayStore(): boolean {
    if (this.isSending) return false;
    this.isStoring = true;
    return true;
  }

  /** The autosave has its answer, whatever it is. */
  stored(): void {
    this.isStoring = false;
    for (const go of this.after.splice(0)) go();
  }

  /** From now on nothing is stored beside the form; resolves when what was on its way has arrived. */
  send(): Promise<void> {
    this.isSending = true;
    if (!this.isStoring) return Promise.resolve();
    return new Promise((resolve) => {
      this.after.push(resolve);
      window.setTimeout(resolve, LONGEST);
    });
  }

  /** The form was not sent, or the author came back to it. */
  stay(): void {
    this.isSending = false;
  }
}
