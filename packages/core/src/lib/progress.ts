/** What a long operation tells while it runs. Tasks do not nest; several may run at once. */
export type ProgressEvent =
  | {
      readonly type: 'task-start';
      readonly task: string;
      readonly label: string;
      readonly totalBytes: number;
    }
  | { readonly type: 'task-advance'; readonly task: string; readonly bytes: number }
  | { readonly type: 'task-end'; readonly task: string }
  | { readonly type: 'message'; readonly level: 'info' | 'warning'; readonly text: string };

export type OnProgress = (event: ProgressEvent) => void;
