// The sending half of the made-up node's lossless track: every packet of a tone is replaced by a datagram, or left out.

const queue: ArrayBuffer[] = [];
const scope = self as unknown as { onmessage: (event: MessageEvent<Uint8Array>) => void; onrtctransform: (event: { transformer: Pipe }) => void };

interface Pipe {
  readable: ReadableStream<{ data: ArrayBuffer }>;
  writable: WritableStream<{ data: ArrayBuffer }>;
}

scope.onmessage = ({ data }) => {
  queue.push(data.slice().buffer);
  if (queue.length > 8) queue.shift();
};

scope.onrtctransform = ({ transformer }) => {
  const replace = new TransformStream<{ data: ArrayBuffer }, { data: ArrayBuffer }>({
    transform(frame, controller) {
      const next = queue.shift();
      if (!next) return;
      frame.data = next;
      controller.enqueue(frame);
    },
  });
  void transformer.readable.pipeThrough(replace).pipeTo(transformer.writable);
};
