/** What is shown before there is anything to inspect. */

export interface WelcomeProps {
  /** What is under way; undefined where the reader is to choose. */
  readonly waitsFor: string | undefined;
  readonly problem: string | undefined;
  readonly onFile: (file: File) => void;
}

/** Says what the page waits for, or asks for a recording. */
export function Welcome({ waitsFor, problem, onFile }: WelcomeProps) {
  return (
    <main
      class="welcome"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file !== undefined) onFile(file);
      }}
    >
      <h1>tsvmm inspector</h1>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {waitsFor !== undefined ? (
        <p role="status">{waitsFor}</p>
      ) : (
        <>
          <p>
            To watch a machine at work, run <code>tsvmm run --inspect 4000 …</code> and open the address it prints. To
            look at one that has run, choose a recording, as <code>tsvmm run --record FILE …</code> makes them, or drop
            it here.
          </p>
          <label class="file">
            Recording{' '}
            <input
              type="file"
              onChange={({ currentTarget }) => {
                const file = currentTarget.files?.[0];
                if (file !== undefined) onFile(file);
              }}
            />
          </label>
        </>
      )}
    </main>
  );
}
