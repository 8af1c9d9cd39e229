/** Whether suggestions while typing are paused, and until when. */

export class Pause {
  private end = 0;
  private readonly now: () => number;

  /** `now` is the time in milliseconds, as of `Date.now`. */
  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  get isOn(): boolean {
    return this.now() < this.end;
  }

  /** Pause for some minutes; `Infinity` is until `resume`. */
  begin(minutes: number): void {
    this.end = this.now() + minutes * 60_000;
  }

  resume(): void {
    this.end = 0;
  }

  /** Say until when; empty while nothing is paused. */
  words(): string {
    if (!this.isOn) {
      return '';
    }
    const isEndless = this.end === Number.POSITIVE_INFINITY;
    return isEndless ? 'until you resume them' : `until ${new Date(this.end).toLocaleTimeString()}`;
  }
}
