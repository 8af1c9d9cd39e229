/** The code that goes with the next question. */

import * as vscode from 'vscode';
import { nameOf, type Place, type Places } from './places.ts';

export class Attached implements vscode.Disposable {
  private readonly changing = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changing.event;
  private readonly watching: vscode.Disposable;
  private places: Place[] = [];

  constructor(all: Places) {
    this.watching = all.onDidMove(() => this.change(this.places.filter(({ isGone }) => !isGone)));
  }

  get labels(): string[] {
    return this.places.map(nameOf);
  }

  /** Add a place, once only. */
  add(place: Place): void {
    if (!this.labels.includes(nameOf(place))) {
      this.change([...this.places, place]);
    }
  }

  remove(index: number): void {
    this.change(this.places.toSpliced(index, 1));
  }

  /** Return the places, and have none any more. */
  take(): Place[] {
    const { places } = this;
    this.change([]);
    return places;
  }

  dispose(): void {
    this.watching.dispose();
    this.changing.dispose();
  }

  private change(places: Place[]): void {
    this.places = places;
    this.changing.fire();
  }
}
