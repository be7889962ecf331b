/** A frame on its way through the stages. One object is reused for all that come: its bytes are valid during the call. */

export class MovingFrame {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Length on the wire, ≥ end − start. */
  wireLength = 0;
  tsUs = 0;
  interfaceIndex = 0;
  /** A stage changed bits of it: what it says is no longer what the host sent. */
  isDamaged = false;

  /** A copy that may be kept. */
  copy(): MovingFrame {
    const copy = new MovingFrame();
    copy.assign(this);
    copy.bytes = this.bytes.slice(this.start, this.end);
    copy.start = 0;
    copy.end = copy.bytes.length;
    return copy;
  }

  /** Takes over the fields of `frame`; the bytes are shared. */
  assign(frame: MovingFrame): void {
    this.bytes = frame.bytes;
    this.start = frame.start;
    this.end = frame.end;
    this.wireLength = frame.wireLength;
    this.tsUs = frame.tsUs;
    this.interfaceIndex = frame.interfaceIndex;
    this.isDamaged = frame.isDamaged;
  }
}

/** Takes frames. A receiver that wants to keep one copies it. */
export type FrameReceiver = (frame: MovingFrame) => void;
